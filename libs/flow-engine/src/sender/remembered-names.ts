/** Senders choose header names: more of them than any client uses are judged each time. */
const maxRemembered = 512;

/** A judgement of header names that is made once for each name: nearly all requests bring the same ones. */
export function remembered(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const judgement = judge(name);
    if (known.size < maxRemembered && name.length <= 64) known.set(name, judgement);
    return judgement;
  };
}
