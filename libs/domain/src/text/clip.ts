/** @returns the start of a text, short enough for an error message */
export function clip(text: string, length = 80): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
