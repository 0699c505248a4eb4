import { formatNumber, atomize, toDouble } from '@sluice/xpath/host-language';
import { XmlNode } from '@sluice/xml';
import { type ElementCompiler } from '../compile-element.js';
import { type Instruction } from '../stylesheet.js';

/** `xsl:number`: a given value, or the place of the context node among its like. */
export function compileNumber(node: XmlNode, elements: ElementCompiler): Instruction {
  const value = elements.select(node, 'value');
  const format = elements.attributeTemplate(node, 'format');
  const level = node.attribute('level') ?? 'single';
  const countSource = node.attribute('count');
  const count = countSource === null ? null : elements.pattern(node, countSource);
  const fromSource = node.attribute('from');
  const from = fromSource === null ? null : elements.pattern(node, fromSource);
  return (dynamic, output) => {
    const picture = format === null ? '1' : format(dynamic);
    if (value !== null) {
      output.text(
        formatList(
          atomize(value(dynamic)).map((item) => Math.round(toDouble(item))),
          picture,
        ),
      );
      return;
    }
    const start = dynamic.item;
    if (!(start instanceof XmlNode)) return;
    const counts = (candidate: XmlNode): boolean =>
      count === null
        ? candidate.kind === start.kind && candidate.name === start.name && candidate.namespace === start.namespace
        : count.some((pattern) => pattern.matches(candidate, dynamic));
    const stops = (candidate: XmlNode): boolean =>
      from !== null && from.some((pattern) => pattern.matches(candidate, dynamic));
    if (level === 'any') {
      output.text(formatList([countBefore(start, counts, stops)], picture));
      return;
    }
    const numbers: number[] = [];
    for (let current: XmlNode | null = start; current !== null && !stops(current); current = current.parent)
      if (counts(current)) {
        numbers.unshift(placeAmong(current, counts));
        if (level === 'single') break;
      }
    output.text(formatList(numbers, picture));
  };
}

function placeAmong(node: XmlNode, counts: (candidate: XmlNode) => boolean): number {
  let place = 0;
  for (const sibling of node.parent?.children ?? [node]) {
    if (counts(sibling)) place++;
    if (sibling === node) break;
  }
  return place;
}

function countBefore(
  node: XmlNode,
  counts: (candidate: XmlNode) => boolean,
  stops: (candidate: XmlNode) => boolean,
): number {
  let total = 0;
  const visit = (current: XmlNode): void => {
    if (current.order > node.order) return;
    if (stops(current)) total = 0;
    if (counts(current)) total++;
    for (const child of current.children) visit(child);
  };
  visit(node.root);
  return total;
}

/** Numbers by the tokens of a format: `1`, `01`, `a`, `A`, `i`, `I`, with what stands between them. */
function formatList(numbers: readonly number[], picture: string): string {
  const tokens = picture.match(/[\p{L}\p{N}]+/gu) ?? ['1'];
  const separators = picture.split(/[\p{L}\p{N}]+/u);
  const prefix = separators[0] ?? '';
  const suffix = separators.length > 1 ? (separators.at(-1) ?? '') : '';
  // What numbers beyond the last token are separated by is what stands before that token, and `.` where it is the first.
  return (
    prefix +
    numbers
      .map((number, index) => {
        const place = Math.min(index, tokens.length - 1);
        const between = index === 0 ? '' : place === 0 ? '.' : separators[place];
        return between + formatOne(number, tokens[place] as string);
      })
      .join('') +
    suffix
  );
}

function formatOne(number: number, token: string): string {
  if (/^[aA]$/.test(token)) {
    let text = '';
    for (let rest = number; rest > 0; rest = Math.floor((rest - 1) / 26))
      text = String.fromCharCode(token.charCodeAt(0) + ((rest - 1) % 26)) + text;
    return text;
  }
  if (/^[iI]$/.test(token)) return token === 'I' ? roman(number) : roman(number).toLowerCase();
  return formatNumber(BigInt(Math.max(0, Math.trunc(number) || 0)), '0'.repeat(Math.max(1, token.length)));
}

function roman(number: number): string {
  const values: readonly [number, string][] = [
    [1000, 'M'],
    [900, 'CM'],
    [500, 'D'],
    [400, 'CD'],
    [100, 'C'],
    [90, 'XC'],
    [50, 'L'],
    [40, 'XL'],
    [10, 'X'],
    [9, 'IX'],
    [5, 'V'],
    [4, 'IV'],
    [1, 'I'],
  ];
  let rest = Math.min(number, 10_000);
  let text = '';
  for (const [value, letters] of values)
    while (rest >= value) {
      text += letters;
      rest -= value;
    }
  return text;
}
