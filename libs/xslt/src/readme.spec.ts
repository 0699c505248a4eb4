import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseXml } from '@sluice/xml';
import {
  compileStylesheet,
  runTransformation,
  serializeResult,
  StylesheetError,
  type StylesheetProblem,
} from './index.js';
import { INSTRUCTIONS, REFUSED_INSTRUCTIONS } from './instruction/instructions.js';
import { XSLT_FUNCTIONS } from './xslt-functions.js';

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8');

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text] = readme.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (text === undefined) throw new Error(`There is no heading "${heading}".`);
  return text.split(/^#+ /m)[0] as string;
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
const sheet = (content: string): string =>
  `<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:f="urn:f" exclude-result-prefixes="f">${content}</xsl:stylesheet>`;

function problemsOf(content: string, resources: Record<string, string> = {}): readonly StylesheetProblem[] {
  try {
    compileStylesheet('main.xsl', sheet(content), resources);
    return [];
  } catch (error) {
    if (error instanceof StylesheetError) return error.problems;
    throw error;
  }
}

/** Everything that XSLT 3.0 lets stand at the top of a stylesheet. */
const DECLARATIONS =
  'accumulator attribute-set character-map decimal-format expose function global-context-item import import-schema include key mode namespace-alias output override param preserve-space strip-space template use-package variable'.split(
    ' ',
  );
const rows = section('Known differences')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, instruction = '', here = '']) => [codeIn(instruction)[0] as string, codeIn(here)[0] ?? ''] as const);

describe('the README of XSLT', () => {
  it('lists every instruction there is, and no other', () => {
    expect(codeIn(section('Instructions')).sort()).toEqual([...INSTRUCTIONS.keys()].sort());
  });

  it('lists every function there is with its numbers of arguments, and no other', () => {
    const functions = [...XSLT_FUNCTIONS].map(([name, { minimum, maximum }]) =>
      minimum === maximum ? `${name}#${minimum}` : `${name}#${minimum}-${maximum}`,
    );
    expect(codeIn(section('Functions')).sort()).toEqual(functions.sort());
  });

  it.each(DECLARATIONS)('lists the declaration %s if, and only if, it is taken', (name) => {
    const attributes = 'name="f:n" match="a" use="1" elements="a" href="other.xsl"';
    const problems = problemsOf(`<xsl:${name} ${attributes}/>`, { 'other.xsl': sheet('') });
    const taken = !problems.some(({ message }) => message === `xsl:${name} is not offered.`);
    expect(codeIn(section('Declarations')).includes(name)).toBe(taken);
  });

  it('lists every instruction that is refused with something to take instead, and no other', () => {
    const listed = section('Refused').split('Any other')[0] as string;
    expect(codeIn(listed).sort()).toEqual([...REFUSED_INSTRUCTIONS.keys()].sort());
  });

  it.each([...REFUSED_INSTRUCTIONS])('xsl:%s is refused, and "%s" said to be nearest', (name, nearest) => {
    expect(problemsOf(`<xsl:template match="/"><xsl:${name}/></xsl:template>`)).toEqual([
      { line: 1, message: `xsl:${name} is not offered.`, unsupported: true, nearest },
    ]);
  });

  it.each(['constructor', 'nonsense', 'where-populated'])('xsl:%s, which is not known, is refused too', (name) => {
    expect(problemsOf(`<xsl:template match="/"><xsl:${name}/></xsl:template>`)).toEqual([
      { line: 1, message: `xsl:${name} is not offered.`, unsupported: true, nearest: 'another XSLT instruction' },
    ]);
  });

  it('has differences to tell', () => expect(rows.length).toBeGreaterThan(5));

  it.each(rows)('tells what %s makes: %s', (instruction, here) => {
    const stylesheet = compileStylesheet(
      'main.xsl',
      sheet(`<xsl:output omit-xml-declaration="yes"/><xsl:template match="/"><o>${instruction}</o></xsl:template>`),
      {},
    );
    const result = runTransformation(stylesheet, parseXml('<a><b>1</b></a>'), { now: 0, parameter: () => undefined });
    expect(serializeResult(result, stylesheet.output)).toBe(here === '' ? '<o/>' : `<o>${here}</o>`);
  });
});
