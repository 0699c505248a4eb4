import { type Evaluator, variableKey } from '@sluice/xpath/host-language';
import { type XmlNode } from '@sluice/xml';
import { type ElementCompiler, isYes } from './compile-element.js';
import { type ContentCompiler, SORTS_AND_PARAMS, collect, expandText } from './instruction/content-compiler.js';
import { INSTRUCTIONS, REFUSED_INSTRUCTIONS } from './instruction/instructions.js';
import { compileLiteralElement } from './instruction/literal-element.js';
import { TreeOutput } from './result-output.js';
import { type Instruction, type Stylesheet } from './stylesheet.js';
import { XSLT_NAMESPACE } from './xslt-functions.js';

/** Compiles sequence constructors: the content of templates and instructions. */
export class InstructionCompiler implements ContentCompiler {
  readonly elements: ElementCompiler;
  readonly stylesheet: Stylesheet;

  constructor(elements: ElementCompiler, stylesheet: Stylesheet) {
    this.elements = elements;
    this.stylesheet = stylesheet;
  }

  /** @param skip names of xsl elements at the beginning that the caller has read itself (params, sorts) */
  content(parent: XmlNode, skip: ReadonlySet<string> = NOTHING): Instruction {
    const parts: {
      readonly key: string | null;
      readonly evaluate: Evaluator | null;
      readonly run: Instruction | null;
    }[] = [];
    for (const node of parent.children) {
      if (node.kind === 'text') {
        const run = this.#text(node);
        if (run !== null) parts.push({ key: null, evaluate: null, run });
      } else if (node.kind === 'element') {
        if (node.namespace === XSLT_NAMESPACE && (skip.has(node.name) || node.name === 'fallback')) continue;
        if (node.namespace === XSLT_NAMESPACE && node.name === 'variable')
          parts.push({ key: this.variableName(node), evaluate: this.value(node), run: null });
        else parts.push({ key: null, evaluate: null, run: this.#element(node) });
      }
    }
    const [only] = parts;
    if (parts.length === 0) return () => undefined;
    if (parts.length === 1 && only !== undefined && only.run !== null) return only.run;
    return (dynamic, output) => {
      let current = dynamic;
      for (const part of parts) {
        if (part.run !== null) part.run(current, output);
        else if (part.key !== null && part.evaluate !== null) current = current.bind(part.key, part.evaluate(current));
      }
    };
  }

  variableName(node: XmlNode): string {
    const expanded = this.elements.expandedName(node, this.elements.required(node, 'name'));
    const match = /^\{(.*)\}(.*)$/.exec(expanded);
    return match === null ? expanded : variableKey({ namespace: match[1] as string, name: match[2] as string });
  }

  /** The value of a variable, parameter or `with-param`: its `select`, else its content as a tree, or a sequence if it has a type. */
  value(node: XmlNode): Evaluator {
    const select = this.elements.select(node);
    const convert = this.elements.conversion(node);
    if (select !== null) return convert === null ? select : (dynamic) => convert(select(dynamic));
    const content = this.content(node, SORTS_AND_PARAMS);
    if (convert !== null) return (dynamic) => convert(collect(content, dynamic));
    const empty = !node.children.some(
      (child) => child.kind === 'element' || (child.kind === 'text' && child.value.trim() !== ''),
    );
    if (empty) return () => [''];
    return (dynamic) => {
      const tree = new TreeOutput();
      content(dynamic, tree);
      return [tree.document()];
    };
  }

  #text(node: XmlNode): Instruction | null {
    const value = node.value;
    if (value.trim() === '' && !preservesSpace(node)) return null;
    const expands = isYes(expandText(node));
    if (!expands || node.parent === null) return (_, output) => output.text(value);
    const template = this.elements.template(node.parent, value);
    return (dynamic, output) => output.text(template(dynamic));
  }

  #element(node: XmlNode): Instruction {
    if (node.namespace !== XSLT_NAMESPACE) return compileLiteralElement(node, this);
    const instruction = INSTRUCTIONS.get(node.name)?.(node, this) ?? null;
    if (instruction !== null) return instruction;
    this.elements.problem(node, `xsl:${node.name} is not offered.`, {
      unsupported: true,
      nearest: REFUSED_INSTRUCTIONS.get(node.name) ?? 'another XSLT instruction',
    });
    return () => undefined;
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function preservesSpace(node: XmlNode): boolean {
  for (let current = node.parent; current !== null; current = current.parent) {
    if (current.namespace === XSLT_NAMESPACE && current.name === 'text') return true;
    const space = current.attributes.find(({ name, prefix }) => name === 'space' && prefix === 'xml');
    if (space !== undefined) return space.value === 'preserve';
  }
  return false;
}
