import { type Dynamic, atomize, textOf, xpathError } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { isYes } from '../compile-element.js';
import { TreeOutput } from '../result-output.js';
import { type Instruction } from '../stylesheet.js';
import { type ContentCompiler, attributeSetNames, expandText, textContent } from './content-compiler.js';

const NAME = /^(?:([\p{L}_][\p{L}\p{N}._-]*):)?([\p{L}_][\p{L}\p{N}._-]*)$/u;

/** Resolves a computed name: its namespace is given, or that of its prefix in the stylesheet. */
function computedName(
  node: XmlNode,
  forAttribute: boolean,
  compiler: ContentCompiler,
): (dynamic: Dynamic) => { prefix: string; name: string; namespace: string } {
  const name = compiler.elements.template(node, compiler.elements.required(node, 'name'));
  const namespace = compiler.elements.attributeTemplate(node, 'namespace');
  return (dynamic) => {
    const written = name(dynamic).trim();
    const match = NAME.exec(written);
    if (match === null)
      throw xpathError('XTDE0820', `"${written.slice(0, 60)}" cannot be the name of an element or attribute.`);
    const [, prefix = '', local = ''] = match as unknown as [string, string?, string?];
    if (namespace !== null) {
      const uri = namespace(dynamic);
      return { prefix: uri === '' ? '' : prefix, name: local, namespace: uri };
    }
    if (prefix === '')
      return { prefix: '', name: local, namespace: forAttribute ? '' : (node.lookupNamespace('') ?? '') };
    const uri = node.lookupNamespace(prefix);
    if (uri === null) throw xpathError('XTDE0830', `The prefix "${prefix}" is not declared in the stylesheet.`);
    return { prefix, name: local, namespace: uri };
  };
}

/** `xsl:element` */
export function compileElement(node: XmlNode, compiler: ContentCompiler): Instruction {
  const nameOf = computedName(node, false, compiler);
  const content = compiler.content(node);
  const sets = attributeSetNames(node.attribute('use-attribute-sets'));
  return (dynamic, output) => {
    dynamic.environment.budget.spend(1);
    const { prefix, name, namespace } = nameOf(dynamic);
    output.startElement(name, prefix, namespace, null);
    for (const set of sets) for (const run of compiler.stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
    content(dynamic, output);
    output.endElement();
  };
}

/** `xsl:attribute` */
export function compileAttribute(node: XmlNode, compiler: ContentCompiler): Instruction {
  const nameOf = computedName(node, true, compiler);
  const text = textContent(node, compiler);
  return (dynamic, output) => {
    const { prefix, name, namespace } = nameOf(dynamic);
    output.attribute(name, prefix, namespace, text(dynamic));
  };
}

/** `xsl:comment` */
export function compileComment(node: XmlNode, compiler: ContentCompiler): Instruction {
  const text = textContent(node, compiler);
  return (dynamic, output) => output.comment(text(dynamic).replace(/--/g, '- -').replace(/-$/, '- '));
}

/** `xsl:processing-instruction` */
export function compileProcessingInstruction(node: XmlNode, compiler: ContentCompiler): Instruction {
  const name = compiler.elements.template(node, compiler.elements.required(node, 'name'));
  const text = textContent(node, compiler);
  return (dynamic, output) => output.processingInstruction(name(dynamic), text(dynamic).replace(/\?>/g, '? >'));
}

/** `xsl:document` */
export function compileDocument(node: XmlNode, compiler: ContentCompiler): Instruction {
  const content = compiler.content(node);
  return (dynamic, output) => {
    const tree = new TreeOutput();
    content(dynamic, tree);
    output.item(tree.document());
  };
}

/** `xsl:text` */
export function compileText(node: XmlNode, compiler: ContentCompiler): Instruction {
  const value = node.text;
  const template = isYes(expandText(node)) ? compiler.elements.template(node, value) : null;
  return (dynamic, output) => output.text(template === null ? value : template(dynamic));
}

/** `xsl:value-of` */
export function compileValueOf(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  const separator = compiler.elements.attributeTemplate(node, 'separator');
  if (select === null) {
    const text = textContent(node, compiler);
    return (dynamic, output) => output.text(text(dynamic));
  }
  const compatible = compiler.elements.context(node).compatible === true && separator === null;
  return (dynamic, output) => {
    const atoms = atomize(compatible ? select(dynamic).slice(0, 1) : select(dynamic));
    output.text(atoms.map(textOf).join(separator === null ? ' ' : separator(dynamic)));
  };
}
