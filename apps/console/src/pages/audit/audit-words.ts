type Change = Readonly<Record<string, unknown>>;

/** `sluice.authorization.create-user-role.v1`: `create-user-role`. */
export function operationOf(action: string | null | undefined): string {
  if (action === undefined || action === null) return 'by itself';
  return /^sluice\.[^.]+\.(.+)\.v\d+$/.exec(action)?.[1] ?? action;
}

/** What was changed, by its name: `user_role Orders.send`, and how much else. */
export function changedBy(changes: readonly Change[] | undefined): string {
  const [first, ...others] = changes ?? [];
  if (!first) return '–';
  const row = membersOf(first['after']) ?? membersOf(first['before']) ?? {};
  const name = ['name', 'id', 'subject', 'sha256'].map((member) => row[member]).find((value) => value !== undefined);
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${shownOf(first['table'])}${name === undefined ? '' : ` ${shortIfDigest(shownOf(name))}`}${more}`;
}

function shortIfDigest(name: string): string {
  return /^[0-9a-f]{64}$/.test(name) ? `${name.slice(0, 12)}…` : name;
}

export interface ChangedMember {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The members of a row before and after, sorted by name; those that stayed as they were have the same text twice. */
export function membersOfChange(change: Change): ChangedMember[] {
  const [before, after] = [membersOf(change['before']), membersOf(change['after'])];
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].toSorted().map((name) => ({
    name,
    before: before && name in before ? shownOf(before[name]) : undefined,
    after: after && name in after ? shownOf(after[name]) : undefined,
  }));
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

export function shownOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, 1);
}
