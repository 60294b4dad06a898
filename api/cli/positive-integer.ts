import { InvalidArgumentError } from 'commander'

/** Parses an option's value: a whole number from 1. */
export function positiveInteger (text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}
