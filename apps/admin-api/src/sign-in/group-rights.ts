import { isRight, rightNames, type Right } from '@sluice/domain';

/** Which rights each group of the provider gives, by the name of the group. */
export type GroupRights = ReadonlyMap<string, readonly Right[]>;

/** @returns the rights by group, or what is wrong with the text, as the end of a sentence that begins with the setting */
export function readGroupRights(text: string): { readonly rights: GroupRights } | { readonly fault: string } {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return { fault: 'must be a JSON object of groups with lists of rights: {"operators": ["Monitoring.read"]}' };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { fault: 'must be a JSON object of groups with lists of rights: {"operators": ["Monitoring.read"]}' };
  const rights = new Map<string, readonly Right[]>();
  for (const [group, list] of Object.entries(given)) {
    if (!Array.isArray(list) || list.length === 0)
      return { fault: `must name a list of rights for the group ${group}` };
    const unknown: unknown = list.find((right: unknown) => typeof right !== 'string' || !isRight(right));
    if (unknown !== undefined)
      return {
        fault: `gives the group ${group} ${JSON.stringify(unknown)}, which is no right; there are ${rightNames.join(', ')}`,
      };
    rights.set(group, list as Right[]);
  }
  if (rights.size === 0) return { fault: 'must name at least one group: nobody could sign in' };
  return { rights };
}

/** The rights of all these groups together, in the order of their definition. */
export function rightsOfGroups(rights: GroupRights, groups: readonly string[]): Right[] {
  const given = new Set(groups.flatMap((group) => rights.get(group) ?? []));
  return rightNames.filter((right) => given.has(right));
}
