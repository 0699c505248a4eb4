import { type Evaluator, type Sequence } from '@sluice/xpath/host-language';
import { FlowProcessingError, toProcessingError } from '@sluice/domain';
import { type XmlNode } from '@sluice/xml';
import { isYes } from '../compile-element.js';
import { type Instruction } from '../stylesheet.js';
import { XSLT_NAMESPACE } from '../xslt-functions.js';
import { type ContentCompiler, collect, textContent } from './content-compiler.js';

const CATCH: ReadonlySet<string> = new Set(['catch']);

const ERROR_NAMESPACE = 'http://www.w3.org/2005/xqt-errors';

/** `xsl:message`: ends the transformation when it says so; nobody reads it otherwise. */
export function compileMessage(node: XmlNode, compiler: ContentCompiler): Instruction {
  const text = textContent(node, compiler);
  const terminate = compiler.elements.attributeTemplate(node, 'terminate');
  return (dynamic) => {
    if (terminate !== null && isYes(terminate(dynamic)))
      throw new FlowProcessingError('mapping-failed', `The stylesheet stopped: ${text(dynamic).slice(0, 1000)}`);
  };
}

/** `xsl:try`: a spent budget is not caught. */
export function compileTry(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  const content = select === null ? compiler.content(node, CATCH) : null;
  const [handler] = node.children.filter((child) => child.name === 'catch' && child.namespace === XSLT_NAMESPACE);
  const caught = handler === undefined ? (): void => undefined : compileCatch(handler, compiler);
  return (dynamic, output) => {
    let items: Sequence;
    try {
      items = content === null ? (select as Evaluator)(dynamic) : collect(content, dynamic);
    } catch (error) {
      const failure = toProcessingError(error);
      if (failure.code === 'limit-exceeded') throw failure;
      caught(
        dynamic
          .bind(`{${ERROR_NAMESPACE}}description`, [failure.message])
          .bind(`{${ERROR_NAMESPACE}}code`, [failure.code]),
        output,
      );
      return;
    }
    for (const item of items) output.item(item);
  };
}

function compileCatch(node: XmlNode, compiler: ContentCompiler): Instruction {
  const select = compiler.elements.select(node);
  if (select === null) return compiler.content(node);
  return (dynamic, output) => {
    for (const item of select(dynamic)) output.item(item);
  };
}
