import {
  type Evaluator,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  atomize,
  compareKeys,
  toDouble,
} from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { focusOn } from '../xslt-scope.js';
import { type ContentCompiler, SORTS_AND_PARAMS, collect } from './content-compiler.js';

export type Sort = (items: Sequence, dynamic: Dynamic, focusOf?: (item: Item, index: number) => Dynamic) => Sequence;

/** The `xsl:sort` children of an instruction. Without any, items keep their order. */
export function compileSorts(node: XmlNode, compiler: ContentCompiler): Sort {
  const keys = node.children
    .filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'sort')
    .map((child) => ({
      select: compiler.elements.select(child) ?? sortContent(child, compiler),
      order: compiler.elements.attributeTemplate(child, 'order'),
      dataType: compiler.elements.attributeTemplate(child, 'data-type'),
    }));
  if (keys.length === 0) return (items) => items;
  return (items, dynamic, focusOf) => {
    dynamic.environment.budget.spend(items.length * keys.length);
    const directions = keys.map(({ order }) => (order !== null && order(dynamic).trim() === 'descending' ? -1 : 1));
    const numbers = keys.map(({ dataType }) => dataType !== null && dataType(dynamic).trim() === 'number');
    const decorated = items.map((item, index) => ({
      item,
      values: keys.map(({ select }, place) => {
        const focus = focusOf === undefined ? focusOn(dynamic, item, index + 1, items.length) : focusOf(item, index);
        const value = atomize(select(focus)).slice(0, 1);
        return numbers[place] === true ? value.map(toDouble) : value;
      }),
    }));
    decorated.sort((first, second) => {
      for (let place = 0; place < keys.length; place++) {
        const order = compareKeys(first.values[place] ?? [], second.values[place] ?? []);
        if (order !== 0) return order * (directions[place] as number);
      }
      return 0;
    });
    return decorated.map(({ item }) => item);
  };
}

function sortContent(node: XmlNode, compiler: ContentCompiler): Evaluator {
  if (node.children.length === 0) return (dynamic) => (dynamic.item === null ? EMPTY : [dynamic.item]);
  const content = compiler.content(node);
  return (dynamic) => collect(content, dynamic);
}

/** `xsl:perform-sort` */
export function compilePerformSort(node: XmlNode, compiler: ContentCompiler): Instruction {
  const sort = compileSorts(node, compiler);
  const select = compiler.elements.select(node);
  const content = compiler.content(node, SORTS_AND_PARAMS);
  return (dynamic, output) => {
    for (const item of sort(select === null ? collect(content, dynamic) : select(dynamic), dynamic)) output.item(item);
  };
}
