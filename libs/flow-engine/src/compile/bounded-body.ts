import { mayReadBody } from '@sluice/simple-language';
import type { ReceiverChannel } from '../model/channel-definition.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import type { Assignment, StepDefinition } from '../model/step-definition.js';

/** Octets of a body that steps may look at where requests are admitted. */
const maxBodyRead = 64 * 1024;
/** Characters of one expression. */
const maxExpression = 512;
/** Octets of a constant that an expression may get to see. */
const maxConstant = 64 * 1024;
const maxSteps = 100;
/** How many times larger than what came a value may become, by expressions that use values more than once. */
const maxGrowth = 64;

/**
 * How large a body may be for a message of this flow to be bounded by construction: no step loops, parses, converts or decompresses, and what the
 * steps look at and make stays within 64 KiB times 64. Such a message may run on the thread that admits requests; any other runs where it
 * can be ended. What is not known for certain is not bounded.
 * @returns octets: Infinity where no step looks at the body; -1 where the flow is not bounded whatever comes
 */
export function boundedBodyBytes(definition: FlowDefinition): number {
  const cost = new FlowCost(definition);
  return cost.bounded() ? (cost.readsBody ? maxBodyRead : Infinity) : -1;
}

class FlowCost {
  readsBody = false;
  readonly #definition: FlowDefinition;
  /** A reply or a stored body takes the place of the sender's, and may have any size. */
  #replacesBody = false;
  #growth = 1;
  #largestConstant = 0;

  constructor(definition: FlowDefinition) {
    this.#definition = definition;
  }

  bounded(): boolean {
    const { log, processes, receivers, senders } = this.#definition;
    // Every step's payload is kept at TRACE.
    if (log.level === 'TRACE') return false;
    // The envelope of the other two is parsed.
    if (senders.some(({ adapter }) => adapter === 'SOAP' || adapter === 'IDOC')) return false;
    if (processes.reduce((count, { steps }) => count + steps.length, 0) > maxSteps) return false;
    const byId = new Map(receivers.map((receiver) => [receiver.id, receiver]));
    if (!processes.every(({ steps }) => steps.every((step) => this.#step(step, byId)))) return false;
    if (this.#growth > maxGrowth) return false;
    if (this.readsBody && this.#replacesBody) return false;
    return this.#largestConstant <= maxConstant || (!this.readsBody && this.#growth === 1);
  }

  #step(step: StepDefinition, receivers: ReadonlyMap<string, ReceiverChannel>): boolean {
    switch (step.type) {
      case 'contentModifier':
        return (
          [...step.headers, ...step.properties].every((row) => this.#assignment(row)) &&
          (step.body === undefined || this.#value(step.body.source, step.body.value))
        );
      case 'router':
        return step.routes.every(
          ({ condition }) =>
            condition === undefined || (condition.language === 'simple' && this.#condition(condition.expression)),
        );
      case 'requestReply':
        this.#replacesBody = true;
        return this.#receiver(receivers.get(step.receiver));
      case 'send':
        return this.#receiver(receivers.get(step.receiver));
      case 'dataStoreGet':
        this.#replacesBody = true;
        return this.#expressions(step.store, step.entryId);
      case 'dataStoreDelete':
        return this.#expressions(step.store, step.entryId);
      case 'dataStoreWrite':
        this.readsBody = true;
        return this.#expressions(step.store, step.entryId);
      case 'persist':
        this.readsBody = true;
        return true;
      case 'writeVariables':
        return step.variables.every(
          (variable) => this.#expressions(variable.name) && this.#value(variable.source, variable.value),
        );
      case 'log':
        this.readsBody ||= step.attachBody;
        return this.#expressions(step.text);
      case 'end':
        return true;
      default:
        return false;
    }
  }

  #assignment({ action, source, value }: Assignment): boolean {
    return action === 'delete' || this.#value(source, value);
  }

  #value(source: Assignment['source'], value: string): boolean {
    switch (source) {
      case 'constant':
        this.#largestConstant = Math.max(this.#largestConstant, value.length);
        return true;
      case 'header':
      case 'property':
      case 'numberRange':
        return true;
      case 'expression':
        // A text without a function in it is a constant.
        return functionsIn(value) === 0 ? this.#value('constant', value) : this.#expressions(value);
      default:
        return false;
    }
  }

  #receiver(receiver: ReceiverChannel | undefined): boolean {
    switch (receiver?.adapter) {
      case 'HTTP': {
        const { address, query, method, authentication } = receiver;
        const alias =
          authentication.type === 'None'
            ? ''
            : authentication.type === 'ClientCertificate'
              ? authentication.keyAlias
              : authentication.credential;
        return this.#expressions(address, query, method, alias);
      }
      case 'ProcessDirect':
        return this.#expressions(receiver.address);
      default:
        return false;
    }
  }

  /** A regular expression, and a text sought in another that the sender chose as well, cost the product of both lengths. */
  #condition(text: string): boolean {
    if (/regex|=~/.test(text) || (/contains|~~/.test(text) && functionsIn(text) > 1)) return false;
    return this.#mayUse(text);
  }

  #expressions(...texts: readonly string[]): boolean {
    return texts.every((text) => {
      this.#growth *= Math.max(1, functionsIn(text));
      return this.#mayUse(text);
    });
  }

  #mayUse(text: string): boolean {
    if (text.length > maxExpression) return false;
    if (functionsIn(text) === 0) return true;
    this.readsBody ||= mayReadBody(text);
    // A method of a value, replaceAll say, may make it any number of times as long.
    return !text.includes('(');
  }
}

function functionsIn(text: string): number {
  return text.match(/\$(?:simple)?\{/g)?.length ?? 0;
}
