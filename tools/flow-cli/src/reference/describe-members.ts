/** The part of a JSON schema that the description of flows uses. */
export interface FlowSchema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, FlowSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: FlowSchema | false;
  readonly items?: FlowSchema;
  readonly oneOf?: readonly FlowSchema[];
  readonly anyOf?: readonly FlowSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly $defs?: Readonly<Record<string, FlowSchema>>;
}

/** A table of a mapping's members, those of mappings within it too: `routes[].when`. Empty when it has none. */
export function tableOf(schema: FlowSchema): string {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return '';
  return ['| member | values | what it is |', '| --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(schema: FlowSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const what = [
      ...(schema.required?.includes(name) ? ['**required**'] : []),
      ...(member.description === undefined ? [] : [member.description.replaceAll('|', String.raw`\|`)]),
    ];
    const path = `${prefix}${name}`;
    return [`| \`${path}\` | ${valuesOf(member)} | ${what.join('; ')} |`, ...withinOf(member, path)];
  });
}

/** Members of the mappings that a value may be, or have in it. */
function withinOf(schema: FlowSchema, path: string): string[] {
  if (schema.items) return withinOf(schema.items, `${path}[]`);
  if (schema.anyOf) return schema.anyOf.flatMap((one) => withinOf(one, path));
  if (schema.additionalProperties) return withinOf(schema.additionalProperties, `${path}.*`);
  return rowsOf(schema, `${path}.`);
}

/** In words, for a cell of a table. */
export function valuesOf(schema: FlowSchema): string {
  const named = schema.$ref?.replace('#/$defs/', '');
  // They have a section for all of them.
  if (named === 'sender' || named === 'receiver') return `[${named}](#${named}s)`;
  if (named !== undefined) return `[${named}](#${named})`;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map(valuesOf).join(' or ');
  if (schema.items) return `list of ${valuesOf(schema.items)}`;
  if (schema.additionalProperties) return `by name: ${valuesOf(schema.additionalProperties)}`;
  if (schema.properties) return 'mapping';
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.type === 'integer')
    return schema.minimum === undefined || schema.maximum === undefined
      ? 'whole number'
      : `${schema.minimum} to ${schema.maximum}`;
  return schema.maxLength === undefined ? 'text' : `text of at most ${schema.maxLength}`;
}
