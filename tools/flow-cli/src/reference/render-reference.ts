import { format, resolveConfig } from 'prettier';
import { type FlowSchema, tableOf, valuesOf } from './describe-members.js';

/** Text of the examples by their names, `step-router` for example. */
export type FlowExamples = ReadonlyMap<string, string>;

const head = `# Reference of the flow YAML

Made from the schema of the flows and from [\`examples/flows\`](../examples/flows) by \`npm run flow-reference\`: change those, not this page. What the steps do in detail, and the limits: [flows](flows.md). The
schema for editors is \`libs/flow-engine/src/reader/native/flow.schema.json\`.

Each example is a whole flow. Its first lines say what it answers to a message; a test deploys all of them and sends these messages. To try them on a local stack ([variables](../README.md#the-scenario-by-hand)):

\`\`\`sh
. .sluice/env
for example in examples/flows/*.yaml; do
  curl -s -H "$AUTH" -H 'Content-Type: application/yaml' -T $example $ADMIN/v1/flows/$(basename $example .yaml) | jq -c '[.id, .status]'
done
\`\`\`

An expression is one of [Camel Simple](flows.md). A value that is \`text\` may be written as a number or \`true\`, too.
`;

/**
 * docs/flow-reference.md.
 * @param file where it goes, for the form that prettier gives it
 * @throws Error that names the step or adapter which has no example, or the example of none
 */
export async function renderReference(schema: FlowSchema, examples: FlowExamples, file: string): Promise<string> {
  const shown = new Set<string>();
  const exampleOf = (name: string) => {
    const example = examples.get(name);
    if (example === undefined)
      throw new Error(`examples/flows/${name}.yaml is missing: each step and adapter has one.`);
    shown.add(name);
    return `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``;
  };
  const definitions = schema.$defs ?? {};
  const adapters = (side: string, alternatives: readonly FlowSchema[] = []) =>
    alternatives.flatMap((alternative) => {
      const adapter = alternative.properties?.['adapter']?.enum?.[0] ?? '';
      const title = `### ${adapter} ${side}`;
      return [title, alternative.description ?? '', tableOf(alternative), exampleOf(`${side}-${adapter}`)];
    });
  const steps = (definitions['step']?.oneOf ?? []).flatMap((alternative) => {
    const [[name, members] = ['', {}]] = Object.entries(alternative.properties ?? {});
    const table = members.$ref ? `Its members are those of a ${valuesOf(members)}.` : tableOf(members);
    return [`### ${name}`, alternative.description ?? '', table, exampleOf(`step-${name}`)];
  });
  const shapes = Object.entries(definitions)
    .filter(([name]) => !['steps', 'step', 'sender', 'receiver'].includes(name))
    .flatMap(([name, shape]) => [`### ${name}`, ...shapeOf(shape)]);
  const text = [
    head,
    '## The flow',
    tableOf(schema),
    '## Senders',
    ...adapters('sender', definitions['sender']?.oneOf),
    '## Receivers',
    'Of the steps `requestReply` and `send`.',
    ...adapters('receiver', definitions['receiver']?.oneOf),
    '## Steps',
    'A step is a mapping with one member, which names it.',
    ...steps,
    '## Members that several have',
    ...shapes,
  ].join('\n\n');
  const unused = [...examples.keys()].filter((name) => !shown.has(name));
  if (unused.length > 0) throw new Error(`examples/flows has ${unused.join(', ')}, which is no step or adapter.`);
  const options = await resolveConfig(file);
  // The examples stand here as they are in their files.
  return format(text, { ...options, parser: 'markdown', embeddedLanguageFormatting: 'off' });
}

function shapeOf(shape: FlowSchema): string[] {
  if (shape.oneOf)
    return shape.oneOf.flatMap((one) => [`With \`type: ${one.properties?.['type']?.enum?.[0] ?? ''}\`:`, tableOf(one)]);
  const alternatives = shape.anyOf ?? [shape];
  return alternatives.map((one) =>
    one.properties
      ? tableOf(one)
      : `${one.description ?? valuesOf(one)}, or a mapping:`.replace(/^./, (a) => a.toUpperCase()),
  );
}
