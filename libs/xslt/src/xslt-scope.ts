import { Dynamic, EMPTY, type Item, type Sequence } from '@sluice/xpath/host-language';

/** Names under which XSLT keeps its own state among the variables; no expression can write them. */
export const CURRENT = '\u0000current';
export const GROUP = '\u0000group';
export const GROUPING_KEY = '\u0000grouping-key';
export const REGEX_GROUPS = '\u0000regex-groups';

/** @returns the focus on an item, which is the current item as well */
export function focusOn(dynamic: Dynamic, item: Item, position: number, size: number): Dynamic {
  return dynamic.focus(item, position, size).bind(CURRENT, [item]);
}

/** @returns the focus as a template sees it: no variables but the global ones */
export function templateFocus(dynamic: Dynamic, item: Item, position: number, size: number): Dynamic {
  return new Dynamic(item, position, size, null, dynamic.environment).bind(CURRENT, [item]);
}

export function stateOf(dynamic: Dynamic, key: string): Sequence {
  return dynamic.lookup(key) ?? EMPTY;
}
