import { clip } from '@sluice/domain';
import type { StepCompiler } from '../compile/step-compiler.js';
import type { JsonToXmlStep, XmlToJsonStep } from '../model/step-definition.js';

const PREFIX = /^[\p{L}_][\p{L}\p{N}._-]*$/u;

/** Reports entries of a JSON converter's namespace mapping that no name could ever use, or that another one would hide. */
export function checkNamespaceMapping(step: JsonToXmlStep | XmlToJsonStep, compiler: StepCompiler): void {
  if (!step.useNamespaces) return;
  const prefixes = new Map<string, string>();
  const refuse = (message: string): void => compiler.problem('invalid-value', message, { field: 'namespaces' });
  for (const [prefix, uri] of Object.entries(step.namespaces)) {
    const shown = clip(prefix);
    const bare = prefix === '' && step.type === 'xmlToJson';
    if (!bare && (!PREFIX.test(prefix) || /^xml/i.test(prefix)))
      refuse(`"${shown}" cannot be the prefix of a namespace.`);
    if (prefix.includes(step.namespaceSeparator))
      refuse(`The prefix "${shown}" holds the separator "${step.namespaceSeparator}", so no name can have it.`);
    if (uri === '') refuse(`The prefix "${shown}" has no namespace.`);
    const other = prefixes.get(uri);
    if (other !== undefined && step.type === 'xmlToJson')
      refuse(`The namespace "${clip(uri)}" has two prefixes, "${clip(other)}" and "${shown}".`);
    prefixes.set(uri, prefix);
  }
}
