/** Environment that steady memory needs, as docs/reference/reliability.md says. The service sets none of it by itself. */
export const flatMemoryEnvironment = { MALLOC_ARENA_MAX: '2' } as const
