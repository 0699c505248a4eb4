import type { CompiledPredicate } from '../expression/expression-context.js';
import type { Message } from '../message/message.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import type { Awaitable } from '../run/awaitable.js';
import type { FlowRun } from '../run/flow-run.js';

/** Does a step's work on the message of the run. */
export type StepWork = (run: FlowRun) => Awaitable<void>;

interface CompiledBase {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  next: CompiledStep | null;
}

export interface WorkStep extends CompiledBase {
  readonly kind: 'work';
  readonly work: StepWork;
}

export interface CompiledRouter extends CompiledBase {
  readonly kind: 'router';
  readonly routes: { readonly condition: CompiledPredicate | null; next: CompiledStep | null }[];
  readonly throwOnNoRoute: boolean;
}

export interface CompiledSplitter extends CompiledBase {
  readonly kind: 'splitter';
  readonly split: (run: FlowRun) => readonly Message[];
  readonly parallel: boolean;
  readonly concurrency: number;
  readonly stopOnException: boolean;
}

export interface CompiledMulticast extends CompiledBase {
  readonly kind: 'multicast';
  readonly parallel: boolean;
  readonly branches: (CompiledStep | null)[];
}

export interface CompiledGather extends CompiledBase {
  readonly kind: 'gather';
  readonly gather: (original: Message, parts: readonly Message[]) => Message;
}

export interface CompiledJoin extends CompiledBase {
  readonly kind: 'join';
}

export interface CompiledCall extends CompiledBase {
  readonly kind: 'call';
  readonly processId: string;
  readonly loop: { readonly condition: CompiledPredicate; readonly maximumIterations: number } | null;
}

export interface CompiledEnd extends CompiledBase {
  readonly kind: 'end';
  readonly end: 'message' | 'none' | 'error' | 'escalation' | 'terminate';
  readonly errorCode: string;
}

export type CompiledStep =
  | WorkStep
  | CompiledRouter
  | CompiledSplitter
  | CompiledMulticast
  | CompiledGather
  | CompiledJoin
  | CompiledCall
  | CompiledEnd;

export interface CompiledProcess {
  readonly id: string;
  start: CompiledStep | null;
  exception: { start: CompiledStep | null } | null;
}

/** A definition with every expression parsed. Holds no state of a message, so any number of messages may run on it at once. */
export interface CompiledFlow {
  readonly definition: FlowDefinition;
  readonly processes: ReadonlyMap<string, CompiledProcess>;
}
