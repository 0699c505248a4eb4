import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkFlow } from './check/check-flow.js';
import { compileFlow } from './compile/compile-flow.js';
import { FlowDefinitionError } from './error/flow-errors.js';
import { FlowProcessingError, ExpressionSyntaxError } from '@sluice/domain';

import { compileSimplePredicate, compileSimpleTemplate } from '@sluice/simple-language';
import { compileFlowXPath } from './expression/compile-flow-xpath.js';
import { Message } from './message/message.js';
import { type FlowMediaType, readFlowDefinition } from './reader/read-flow-definition.js';
import { runFlow } from './run/run-flow.js';
import { fixedPorts, flowWith, utf8 } from './testing/flow-fixture.js';
import { parseXml } from '@sluice/xml';

/** Runs of each property; together more than ten thousand inputs. */
const RUNS = 1_200;
/** No input may take longer, on a busy machine. */
const LIMIT_MS = 5_000;

const XML =
  '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r xmlns="urn:d" xmlns:p="urn:p" a="1"><!-- c --><p:b x="&lt;"><![CDATA[d]]></p:b><?e f?>g</r>';
const JSON_TEXT = '{"a": [1, 2.5e3, -0, true, null, "\\u00e4\\n"], "b": {"c": {}, "@d": "e", "$": "f"}}';
const YAML = flowWith(
  '- contentModifier: {headers: {X: "${date:now:yyyy}"}, body: "${body}"}\n- router: {routes: [{when: "${header.a} = 1", steps: [{filter: {xpath: //a}}]}], otherwise: [{errorEnd: {}}]}\n- splitter: {xpath: /a/b, steps: [{jsonToXml: {}}], gather: {}}',
);

/** A text with a few characters changed, cut, doubled or swapped with pieces that matter. */
function mutated(seed: string): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ':',
    '${',
    '}}',
    '{{x}}',
    '\u0000',
    '\ud800',
    '&a;',
    '<!DOCTYPE',
    ']]>',
    '- ',
    '\n',
    '*a',
    '&a ',
    '!!js',
    'null',
    '99999999999999999999',
    '__proto__',
    '../',
    'id="',
  );
  const edit = fc.tuple(
    fc.nat({ max: seed.length }),
    fc.nat({ max: 40 }),
    fc.oneof(piece, fc.string({ maxLength: 5 })),
  );
  return fc
    .array(edit, { minLength: 1, maxLength: 6 })
    .map((edits) => edits.reduce((text, [at, cut, insert]) => text.slice(0, at) + insert + text.slice(at + cut), seed));
}

/** What this process has computed, in milliseconds, however many others there are to compute. */
function computedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function timed(work: () => void): void {
  const start = computedMs();
  work();
  expect(computedMs() - start).toBeLessThan(LIMIT_MS);
}

function readsTyped(mediaType: FlowMediaType, content: Uint8Array): void {
  timed(() => {
    try {
      readFlowDefinition({ mediaType, content });
    } catch (error) {
      if (!(error instanceof FlowDefinitionError)) throw error;
      expect(error.problems.length).toBeGreaterThan(0);
    }
  });
}

function compilesTyped(work: () => unknown): void {
  timed(() => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ExpressionSyntaxError || error instanceof FlowProcessingError)) throw error;
    }
  });
}

describe('broken input ends in typed errors, in bounded time', () => {
  it('definitions in YAML and JSON', () => {
    fc.assert(
      fc.property(mutated(YAML), (text) => readsTyped('application/yaml', utf8(text))),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(fc.oneof(mutated(JSON_TEXT), fc.json(), fc.string()), (text) =>
        readsTyped('application/json', utf8(text)),
      ),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom('&a [*a]', 'a: &x {b: *x}', '<<: *a')),
        (text) => readsTyped('application/yaml', utf8(text)),
      ),
      { numRuns: RUNS },
    );
  }, 300_000);

  it('bytes as any kind of definition', () => {
    const kinds = fc.constantFrom<FlowMediaType>(
      'application/yaml',
      'application/json',
      'application/xml',
      'application/zip',
    );
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 400 }), (kind, bytes) => readsTyped(kind, bytes)),
      { numRuns: RUNS },
    );
  }, 300_000);

  it('artifacts, mutated', () => {
    const folder = join(import.meta.dirname, '../../../../shared/iflows/files');
    if (!existsSync(folder)) {
      console.warn('Skipped for real artifacts: the collection is not there.');
      return;
    }
    const artifacts = readdirSync(folder).map((id) =>
      readFileSync(
        join(folder, id, readdirSync(join(folder, id)).find((name) => name.endsWith('.iflw')) as string),
        'utf8',
      ),
    );
    const small = artifacts.filter((text) => text.length < 30_000);
    fc.assert(
      fc.property(fc.constantFrom(...small).chain(mutated), (text) =>
        timed(() => {
          const { flows } = checkFlow({ name: 'x.iflw', mediaType: 'application/xml', content: utf8(text) });
          expect(['supported', 'needs-scripts', 'refused']).toContain(flows[0]?.verdict);
        }),
      ),
      { numRuns: RUNS },
    );
  }, 600_000);

  it('XML documents', () => {
    fc.assert(
      fc.property(fc.oneof(mutated(XML), fc.string()), (text) => compilesTyped(() => parseXml(text))),
      { numRuns: RUNS * 2 },
    );
  }, 300_000);

  it('expressions', () => {
    fc.assert(
      fc.property(mutated("for $x in //a[b = 'c'][2]/@d return map{'k': ($x + 1) div 2}?k"), (text) =>
        compilesTyped(() => compileFlowXPath(text, {})),
      ),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(mutated("a ${header.x.substring(0,2)} ${date:now+1d:yyyy-MM-dd'T'HH} ${property[a]}"), (text) =>
        compilesTyped(() => compileSimpleTemplate(text)),
      ),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(mutated("${header.a} = 'b' and ${property.n} > 5 or ${body} not contains 'c'"), (text) =>
        compilesTyped(() => compileSimplePredicate(text)),
      ),
      { numRuns: RUNS },
    );
  }, 300_000);

  it('bodies in flows that convert, split and map them', async () => {
    const steps = [
      '- jsonToXml: {rootElement: r}\n- xmlToJson: {}',
      '- xmlToJson: {allArrays: true}\n- jsonToXml: {rootElement: r}',
      '- csvToXml: {recordPath: /r/x}\n- xmlToCsv: {recordPath: /r/x}',
      '- splitter: {xpath: //*, steps: [{filter: {xpath: "string(.)", resultType: String}}], gather: {messageFormat: plainText}}',
      '- decode: {encoding: Base64}\n- decode: {encoding: GZIP}',
      '- mapping: {jsonata: "{\\"n\\": $count($keys($)), \\"s\\": $string($)}"}',
      '- contentModifier: {headers: {A: {xpath: "sum(//*) + count(//@*)"}}, body: "${body.substring(0,1)}${header.A}"}',
    ].map((text) =>
      compileFlow(readFlowDefinition({ mediaType: 'application/yaml', content: utf8(flowWith(text)) }).definition),
    );
    const body = fc.oneof(
      mutated(XML.replace(/<!DOCTYPE.*?\]>/, '')),
      mutated(JSON_TEXT),
      mutated('a,b\n1,"x, ""y"""\n'),
      fc.string(),
      fc.json(),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...steps), body, async (flow, text) => {
        const start = computedMs();
        const outcome = await runFlow(flow, new Message({ body: text }), fixedPorts());
        expect(outcome.error?.code).not.toBe('internal');
        expect(computedMs() - start).toBeLessThan(LIMIT_MS);
      }),
      { numRuns: RUNS * 2 },
    );
  }, 600_000);
});
