import { type Evaluator, type Dynamic, EMPTY, type Sequence, atomize, textOf } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type ElementCompiler, type TextTemplate, inherited } from '../compile-element.js';
import { SequenceOutput, TreeOutput } from '../result-output.js';
import { type Instruction, type Stylesheet } from '../stylesheet.js';

/** What compiles the content of instructions, for the instructions themselves. */
export interface ContentCompiler {
  readonly elements: ElementCompiler;
  readonly stylesheet: Stylesheet;
  /** @param skip names of xsl elements at the beginning that the caller has read itself (params, sorts) */
  content(parent: XmlNode, skip?: ReadonlySet<string>): Instruction;
  /** The key under which the variable or parameter that an element declares is bound. */
  variableName(node: XmlNode): string;
  /** The value of a variable, parameter or `with-param`: its `select`, else its content as a tree, or a sequence if it has a type. */
  value(node: XmlNode): Evaluator;
}

/** Compiles one instruction; null: it is not offered in this form. */
export type CompileInstruction = (node: XmlNode, compiler: ContentCompiler) => Instruction | null;

export const SORTS_AND_PARAMS: ReadonlySet<string> = new Set(['sort', 'param', 'with-param', 'context-item']);

/** Runs instructions for the sequence they make. */
export function collect(content: Instruction, dynamic: Dynamic): Sequence {
  const output = new SequenceOutput();
  content(dynamic, output);
  return output.items;
}

/** The value of a `select`, else of the content. */
export function valueOrContent(node: XmlNode, compiler: ContentCompiler): Evaluator {
  const select = compiler.elements.select(node);
  if (select !== null) return select;
  const content = compiler.content(node);
  return (dynamic) => collect(content, dynamic);
}

/** The text a `select` or content makes. */
export function textContent(node: XmlNode, compiler: ContentCompiler): TextTemplate {
  const select = compiler.elements.select(node);
  const separator = compiler.elements.attributeTemplate(node, 'separator');
  if (select !== null) {
    const compatible = compiler.elements.context(node).compatible === true;
    return (dynamic) => {
      const atoms = atomize(select(dynamic));
      return (compatible ? atoms.slice(0, 1) : atoms).map(textOf).join(separator === null ? ' ' : separator(dynamic));
    };
  }
  const content = compiler.content(node);
  return (dynamic) => {
    if (separator !== null) return atomize(collect(content, dynamic)).map(textOf).join(separator(dynamic));
    const tree = new TreeOutput();
    content(dynamic, tree);
    return tree.document().text;
  };
}

/** Reports an attribute that is missing. @returns what stands in for it until the problems are told */
export function missing(node: XmlNode, attribute: string, compiler: ContentCompiler): Evaluator {
  compiler.elements.problem(node, `xsl:${node.name} needs the attribute ${attribute}.`);
  return () => EMPTY;
}

/** The names in `use-attribute-sets`. */
export function attributeSetNames(names: string | null): string[] {
  return (names ?? '').split(/\s+/).filter((name) => name !== '');
}

/** Whether a text in the content of an element is a template. */
export function expandText(node: XmlNode): string | null {
  return inherited(node.kind === 'text' ? (node.parent as XmlNode) : node, 'expand-text');
}
