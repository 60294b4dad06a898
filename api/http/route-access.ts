/** Settings of a route for the plugins. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route needs no API key. */
    readonly isOpen?: true
    /** Whether machines poll the route every few seconds: not worth a line in the log, or a trace. */
    readonly isProbe?: true
  }
}

/** Access to pages that reveal nothing of the model but its number of classes. */
export const open = { isOpen: true } as const

/** Access to health and metrics. */
export const probe = { isOpen: true, isProbe: true } as const
