import type { StepDefinition } from '../model/step-definition.js';
import { compileReceiverCall } from '../step/call-receiver.js';
import { compileContentModifier } from '../step/content-modifier.js';
import { compileCsvToXml } from '../step/convert-csv-to-xml.js';
import { compileJsonToXml } from '../step/convert-json-to-xml.js';
import { compileXmlToCsv } from '../step/convert-xml-to-csv.js';
import { compileXmlToJson } from '../step/convert-xml-to-json.js';
import {
  compileDataStoreDelete,
  compileDataStoreGet,
  compileDataStoreSelect,
  compileDataStoreWrite,
} from '../step/data-store.js';
import { compileDecode, compileEncode } from '../step/encode-body.js';
import { compileFilter } from '../step/filter-content.js';
import { compileGather } from '../step/gather-messages.js';
import { compileLogEntry } from '../step/log-entry.js';
import { compileMapping } from '../step/map-json.js';
import { compileXmlModifier } from '../step/modify-xml.js';
import { compilePersist } from '../step/persist-message.js';
import { compileScript } from '../step/run-script.js';
import { compileSplitter } from '../step/split-message.js';
import { compileXslt } from '../step/transform-xslt.js';
import { compileJsonValidation } from '../step/validate-json.js';
import { compileXmlValidation } from '../step/validate-xml.js';
import { compileWriteVariables } from '../step/write-variables.js';
import type { CompiledStep, StepWork } from './compiled-flow.js';
import type { StepCompiler } from './step-compiler.js';

/** Compiles one step; the links to other steps are set afterwards. */
export function compileStep(step: StepDefinition, compiler: StepCompiler): CompiledStep {
  const base = { id: step.id, name: step.name, type: step.type, next: null };
  switch (step.type) {
    case 'router':
      return {
        ...base,
        kind: 'router',
        throwOnNoRoute: step.throwOnNoRoute,
        routes: step.routes.map((route, index) => ({
          condition: route.condition === undefined ? null : compiler.condition(route.condition, `routes[${index}]`),
          next: null,
        })),
      };
    case 'splitter':
      return {
        ...base,
        kind: 'splitter',
        split: compileSplitter(step, compiler),
        parallel: step.parallel,
        concurrency: step.concurrency,
        stopOnException: step.stopOnException,
      };
    case 'gather':
      return { ...base, kind: 'gather', gather: compileGather(step, compiler) };
    case 'multicast':
      return {
        ...base,
        kind: 'multicast',
        parallel: step.mode === 'parallel',
        branches: step.branches.map(() => null),
      };
    case 'join':
      return { ...base, kind: 'join' };
    case 'processCall':
      return {
        ...base,
        kind: 'call',
        processId: step.process,
        loop:
          step.loop === undefined
            ? null
            : {
                condition: compiler.condition(step.loop.condition, 'loop.condition'),
                maximumIterations: step.loop.maximumIterations,
              },
      };
    case 'end':
      return { ...base, kind: 'end', end: step.kind, errorCode: step.errorCode };
    default:
      return { ...base, kind: 'work', work: compileWork(step, compiler) };
  }
}

type WorkDefinition = Exclude<
  StepDefinition,
  { type: 'router' | 'splitter' | 'gather' | 'multicast' | 'join' | 'processCall' | 'end' }
>;

function compileWork(step: WorkDefinition, compiler: StepCompiler): StepWork {
  switch (step.type) {
    case 'contentModifier':
      return compileContentModifier(step, compiler);
    case 'filter':
      return compileFilter(step, compiler);
    case 'requestReply':
    case 'send':
      return compileReceiverCall(step, compiler);
    case 'jsonToXml':
      return compileJsonToXml(step, compiler);
    case 'xmlToJson':
      return compileXmlToJson(step, compiler);
    case 'csvToXml':
      return compileCsvToXml(step, compiler);
    case 'xmlToCsv':
      return compileXmlToCsv(step, compiler);
    case 'xslt':
      return compileXslt(step, compiler);
    case 'xmlValidation':
      return compileXmlValidation(step, compiler);
    case 'jsonValidation':
      return compileJsonValidation(step, compiler);
    case 'encode':
      return compileEncode(step);
    case 'decode':
      return compileDecode(step);
    case 'dataStoreWrite':
      return compileDataStoreWrite(step, compiler);
    case 'dataStoreGet':
      return compileDataStoreGet(step, compiler);
    case 'dataStoreSelect':
      return compileDataStoreSelect(step, compiler);
    case 'dataStoreDelete':
      return compileDataStoreDelete(step, compiler);
    case 'writeVariables':
      return compileWriteVariables(step, compiler);
    case 'mapping':
      return compileMapping(step, compiler);
    case 'script':
      return compileScript(step, compiler);
    case 'xmlModifier':
      return compileXmlModifier(step);
    case 'persist':
      return compilePersist(step, compiler);
    case 'log':
      return compileLogEntry(step, compiler);
  }
}
