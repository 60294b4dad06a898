/**
 * Fields of /proc/PID/stat from the state (field 3 of proc(5)) on; the name before it may hold spaces and brackets.
 *
 * @param stat - The file's text.
 */
export function statFields (stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
