import type { StepWork } from '../compile/compiled-flow.js';
import type { XmlModifierStep } from '../model/step-definition.js';

const DECLARATION = /^\ufeff?\s*<\?xml\s[^>]*\?>\s*/;
/** A document type with an external subset and no internal one; the reference removes just those. */
const EXTERNAL_DTD =
  /<!DOCTYPE\s+[^\s[>]+\s+(?:SYSTEM\s+(?:"[^"]*"|'[^']*')|PUBLIC\s+(?:"[^"]*"|'[^']*')\s+(?:"[^"]*"|'[^']*'))\s*>\s*/;

/** Removes the XML declaration and an external document type from the text of the body. */
export function compileXmlModifier(step: XmlModifierStep): StepWork {
  return (run) => {
    let text = run.message.text();
    if (step.removeXmlDeclaration) text = text.replace(DECLARATION, '');
    if (step.removeExternalDtd) text = text.replace(EXTERNAL_DTD, '');
    run.message.body = text;
  };
}
