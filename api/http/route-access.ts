/** What a route's own configuration says to the plugins. */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no API key. */
    readonly isOpen?: true
    /** Asked every few seconds by machines: not worth a line in the log, or a trace. */
    readonly isProbe?: true
  }
}

/** For what tells nothing of the model but how many classes it has. */
export const open = { isOpen: true } as const

/** For health and metrics. */
export const probe = { isOpen: true, isProbe: true } as const
