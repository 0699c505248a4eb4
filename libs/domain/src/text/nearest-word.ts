/** @returns the known word with the smallest edit distance, if it is near enough to be meant */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let distance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const found = editDistance(word.slice(0, 40).toLowerCase(), candidate.toLowerCase());
    if (found < distance) {
      distance = found;
      best = candidate;
    }
  }
  return best;
}

function editDistance(first: string, second: string): number {
  let row = Array.from({ length: second.length + 1 }, (_, index) => index);
  for (let i = 1; i <= first.length; i++) {
    const next = [i];
    for (let j = 1; j <= second.length; j++)
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (first[i - 1] === second[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[second.length] as number;
}
