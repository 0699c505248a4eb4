import {
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  atomize,
  keyOf,
  oneAtomic,
} from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { GROUP, GROUPING_KEY, focusOn } from '../xslt-scope.js';
import { type ContentCompiler, SORTS_AND_PARAMS, missing } from './content-compiler.js';
import { compileSorts } from './sort.js';

interface Group {
  readonly key: Sequence;
  readonly items: readonly Item[];
}

/** `xsl:for-each-group` */
export function compileForEachGroup(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node) ?? missing(node, 'select', compiler);
  const groups = compileGrouping(node, compiler);
  const content = compiler.content(node, SORTS_AND_PARAMS);
  const sort = compileSorts(node, compiler);
  const sorted = node.children.some((child) => child.name === 'sort' && child.namespace === XSLT_NAMESPACE);
  return (dynamic, output) => {
    let made = groups(select(dynamic), dynamic);
    const focusOf = (group: Group, index: number): Dynamic =>
      focusOn(dynamic, group.items[0] as Item, index + 1, made.length)
        .bind(GROUP, group.items)
        .bind(GROUPING_KEY, group.key);
    if (sorted) {
      // Sort keys see each group as the current one.
      const before = made;
      const positions = before.map((_, index) => BigInt(index));
      const order = sort(positions, dynamic, (_, index) => focusOf(before[index] as Group, index));
      made = order.map((position) => before[Number(position)] as Group);
    }
    made.forEach((group, index) => content(focusOf(group, index), output));
  };
}

function compileGrouping(node: XmlNode, compiler: ContentCompiler): (items: Sequence, dynamic: Dynamic) => Group[] {
  const by = compiler.elements.select(node, 'group-by');
  const adjacent = compiler.elements.select(node, 'group-adjacent');
  const starting = node.attribute('group-starting-with');
  const ending = node.attribute('group-ending-with');
  const each = (items: Sequence, dynamic: Dynamic, visit: (item: Item, focus: Dynamic) => void): void =>
    items.forEach((item, index) => {
      dynamic.environment.budget.spend(1);
      visit(item, focusOn(dynamic, item, index + 1, items.length));
    });
  if (by !== null)
    return (items, dynamic) => {
      const groups = new Map<string, { key: Sequence; items: Item[] }>();
      each(items, dynamic, (item, focus) => {
        for (const value of atomize(by(focus))) {
          const key = keyOf(value);
          const group = groups.get(key);
          if (group === undefined) groups.set(key, { key: [value], items: [item] });
          else if (group.items.at(-1) !== item) group.items.push(item);
        }
      });
      return [...groups.values()];
    };
  if (adjacent !== null)
    return (items, dynamic) => {
      const made: { key: Sequence; items: Item[] }[] = [];
      each(items, dynamic, (item, focus) => {
        const value = oneAtomic(adjacent(focus), 'group-adjacent') ?? '';
        const last = made.at(-1);
        if (last !== undefined && keyOf(last.key[0] as Atomic) === keyOf(value)) last.items.push(item);
        else made.push({ key: [value], items: [item] });
      });
      return made;
    };
  const source = starting ?? ending;
  if (source === null) {
    compiler.elements.problem(
      node,
      'xsl:for-each-group needs group-by, group-adjacent, group-starting-with or group-ending-with.',
    );
    return () => [];
  }
  const pattern = compiler.elements.pattern(node, source);
  return (items, dynamic) => {
    const made: { key: Sequence; items: Item[] }[] = [];
    let open = false;
    each(items, dynamic, (item, focus) => {
      const matches = item instanceof XmlNode && pattern.some((alternative) => alternative.matches(item, focus));
      if (made.length === 0 || (starting !== null ? matches : !open)) made.push({ key: EMPTY, items: [item] });
      else made.at(-1)?.items.push(item);
      open = starting !== null || !matches;
    });
    return made;
  };
}
