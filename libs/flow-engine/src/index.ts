export {
  checkFlow,
  examineFlows,
  type ExaminedFlow,
  needsOf,
  type FlowCapability,
  type FlowCheck,
  type FlowCheckInput,
  type FlowCheckReport,
  type FlowExamination,
  type FlowVerdict,
} from './check/check-flow.js';
export { boundedBodyBytes } from './compile/bounded-body.js';
export { compileFlow } from './compile/compile-flow.js';
export type { CompiledFlow } from './compile/compiled-flow.js';
export { streamingSendersOf } from './compile/why-body-is-gathered.js';
export {
  FlowDefinitionError,
  type FlowElement,
  type FlowProblem,
  type FlowProblemCode,
  type FlowWarning,
  type FlowWarningCode,
} from './error/flow-errors.js';
export { type FlowErrorCode, FlowProcessingError } from '@sluice/domain';
export { valueToText } from './expression/convert-value.js';
export { HeaderMap } from './message/header-map.js';
export { Message, type MessageAttachment, type MessageBody } from './message/message.js';
export { isStreamedBody, type StreamedBody } from './message/streamed-body.js';
export type {
  DistinguishedNamePair,
  HttpReceiver,
  HttpSender,
  HttpsSender,
  IdocSender,
  MailReceiver,
  ProcessDirectReceiver,
  ProcessDirectSender,
  ReceiverAuthentication,
  ReceiverChannel,
  SenderAuthorization,
  SenderChannel,
  SoapReceiver,
  SoapSender,
  TimerSchedule,
  TimerSender,
} from './model/channel-definition.js';
export { checkAddress } from './model/check-address.js';
export type { FlowDefinition, FlowProcess, FlowScript, LogLevel } from './model/flow-definition.js';
export type { StepDefinition, StepType } from './model/step-definition.js';
export type {
  DataStoreEntry,
  DataStoreName,
  DataStorePort,
  FlowPorts,
  HttpPort,
  HttpRequest,
  HttpResponse,
  MailPort,
  MailRequest,
  PersistPort,
  ProcessDirectCaller,
  ProcessDirectPort,
  ScriptLog,
  ScriptPort,
  ScriptRequest,
  VariablePort,
} from './port/flow-ports.js';
export type { ScriptUse } from './reader/iflw/analyze-script.js';
export type { ScriptToPort } from './reader/iflw/artifact-files.js';
export { flowJsonSchema } from './reader/native/flow-format.js';
export {
  type FlowDefinitionInput,
  type FlowMediaType,
  type FlowPackage,
  type PackagedFlow,
  type ReadFlow,
  readFlowDefinition,
  readFlowPackage,
} from './reader/read-flow-definition.js';
export type { CustomHeader, FlowFailure, FlowOutcome, FlowStatus, LogEntry, StepRecord } from './run/flow-outcome.js';
export type { RunOptions } from './run/flow-run.js';
export { runFlow } from './run/run-flow.js';
export {
  readSenderRequest,
  type SenderReply,
  type SenderRequest,
  writeSenderFault,
  writeSenderReply,
} from './sender/sender-exchange.js';
