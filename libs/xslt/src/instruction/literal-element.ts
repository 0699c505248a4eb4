import { type XmlNode } from '@sluice/xml';
import { inScope } from '../result-output.js';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { type ContentCompiler, attributeSetNames } from './content-compiler.js';

/** An element of another namespace than that of XSLT: it is copied, with the templates in its attributes. */
export function compileLiteralElement(node: XmlNode, compiler: ContentCompiler): Instruction {
  const excluded = excludedNamespaces(node);
  const declarations: Record<string, string> = {};
  const scope = inScope(node) ?? {};
  for (const prefix in scope) {
    const uri = scope[prefix] as string;
    if (uri !== XSLT_NAMESPACE && !excluded.has(uri)) declarations[prefix] = uri;
  }
  if (node.namespace !== '') declarations[node.prefix] = node.namespace;
  const attributes = node.attributes
    .filter((attribute) => attribute.namespace !== XSLT_NAMESPACE)
    .map((attribute) => ({ attribute, value: compiler.elements.template(node, attribute.value) }));
  const sets = attributeSetNames(
    node.attributes.find(({ name, namespace }) => name === 'use-attribute-sets' && namespace === XSLT_NAMESPACE)
      ?.value ?? null,
  );
  const content = compiler.content(node);
  return (dynamic, output) => {
    dynamic.environment.budget.spend(1);
    output.startElement(node.name, node.prefix, node.namespace, declarations);
    for (const set of sets) for (const run of compiler.stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
    for (const { attribute, value } of attributes)
      output.attribute(attribute.name, attribute.prefix, attribute.namespace, value(dynamic));
    content(dynamic, output);
    output.endElement();
  };
}

/** Namespaces that literal result elements do not carry into the result. */
function excludedNamespaces(node: XmlNode): Set<string> {
  const excluded = new Set<string>();
  for (let current: XmlNode | null = node; current !== null; current = current.parent) {
    const own = current.namespace === XSLT_NAMESPACE;
    for (const attribute of current.attributes) {
      if (attribute.namespace !== (own ? '' : XSLT_NAMESPACE)) continue;
      if (attribute.name !== 'exclude-result-prefixes' && attribute.name !== 'extension-element-prefixes') continue;
      for (const prefix of attribute.value.split(/\s+/)) {
        if (prefix === '#all') for (const uri of Object.values(inScope(current) ?? {})) excluded.add(uri);
        else if (prefix !== '') {
          const uri = current.lookupNamespace(prefix === '#default' ? '' : prefix);
          if (uri !== null) excluded.add(uri);
        }
      }
    }
  }
  return excluded;
}
