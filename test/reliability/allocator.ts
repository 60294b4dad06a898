/** What the README says that steady memory needs. The service sets nothing of it by itself. */
export const flatMemoryEnvironment = { MALLOC_ARENA_MAX: '2' } as const
