import type { StepDefinition } from '../../model/step-definition.js';
import type { IflwElement } from './iflw-element.js';
import type { StepBase, StepConversion } from './step-conversion.js';

/** A mapping by the stylesheet of the artifact that it names. */
export function xslt(element: IflwElement, base: StepBase, { context, files }: StepConversion): StepDefinition | null {
  if (element.get('mappingSource') === 'mappingSrcHeader') {
    context.problem(
      'unsupported-setting',
      element,
      'A stylesheet named by a header is not offered.',
      'a router with one XSLT mapping for each stylesheet',
    );
    return null;
  }
  const path = element.get('mappinguri').replace(/^dir:\/\/[^/]+\/[^/]+\/(src\/main\/resources\/)?/, '');
  if (path === '') {
    context.problem('missing-resource', element, 'The mapping names no stylesheet.');
    return null;
  }
  const stylesheet = files.text(path);
  if (stylesheet === null) {
    context.problem(
      'missing-resource',
      element,
      `The stylesheet "${path}" is not in the artifact.`,
      'add it to the artifact',
    );
    return null;
  }
  return {
    ...base,
    type: 'xslt',
    stylesheet,
    output: element.get('mappingoutputformat') === 'String' ? 'String' : 'Bytes',
  };
}

/** A validator with the schema of the artifact that it names. */
export function validator(
  element: IflwElement,
  base: StepBase,
  activity: string,
  { context, files }: StepConversion,
): StepDefinition | null {
  const path = element.get('xsd') || element.get('xmlSchema') || element.get('jsonSchema') || element.get('schema');
  const schema = path === '' ? null : files.text(path);
  if (schema === null) {
    context.problem(
      'missing-resource',
      element,
      path === '' ? 'The validator names no schema.' : `The schema "${path}" is not in the artifact.`,
      'add it to the artifact',
    );
    return null;
  }
  return {
    ...base,
    type: activity === 'XmlValidator' ? 'xmlValidation' : 'jsonValidation',
    schema,
    preventException: element.flag('preventException'),
  };
}

/** A script, or its port to JavaScript. */
export function script(
  element: IflwElement,
  base: StepBase,
  sub: string,
  { context, files }: StepConversion,
): StepDefinition | null {
  const name = element.get('script');
  if (name === '') {
    context.problem('missing-resource', element, 'The script step names no script.');
    return null;
  }
  const groovy = /groovy/i.test(sub) || /\.(groovy|gvy|gy|gsh)$/i.test(name);
  const functionName = element.get('scriptFunction') || 'processData';
  files.useScript({
    name,
    function: functionName,
    stepId: element.id,
    stepName: element.name,
    collection: element.get('scriptBundleId'),
    groovy,
  });
  const problem = files.scriptProblem(name, groovy);
  if (problem !== null) {
    context.problem(problem.code, element, problem.message, problem.nearest);
    return null;
  }
  return { ...base, type: 'script', script: name, function: functionName };
}
