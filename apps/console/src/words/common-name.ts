/** The common name of a distinguished name in the manner of RFC 4514; the whole name when it has none. */
export function commonNameOf(name: string): string {
  return /(?:^|,)CN=((?:\\.|[^,\\])*)/i.exec(name)?.[1] ?? name;
}
