import { violationsOf, type DecodedRequestOf, type RequestContract } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { applyDecorators, Injectable, UsePipes, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum';

/** Decodes a request's payload by its contract; other parameters of a handler pass untouched. */
@Injectable()
export class ContractPipe implements PipeTransform {
  constructor(private readonly contract: RequestContract) {}

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type !== 'body') return value;
    return decodeRequest(this.contract, value);
  }
}

/**
 * A request as its handler gets it, with what was left out.
 * @throws SluiceError `invalid-argument` naming every rule that was broken
 */
export function decodeRequest<C extends RequestContract>(contract: C, value: unknown): DecodedRequestOf<C> {
  const parsed = contract.request.safeParse(value);
  if (parsed.success) return parsed.data as DecodedRequestOf<C>;
  throw invalidArgument(violationsOf(parsed.error, 'request'));
}

/**
 * Marks the method that answers a request of a contract: it gets the request decoded, and what it returns is the result. The request
 * is decoded whether or not a parameter is marked with `@Payload()`, which Nest would else pass on, or ignore, as it came.
 * @throws Error for a parameter that is a part of the request: the contract is of the whole
 */
export function Handles(contract: RequestContract): MethodDecorator {
  return (target, property, descriptor) => {
    takePayload(target, property, contract);
    applyDecorators(MessagePattern(contract.subject), UsePipes(new ContractPipe(contract)))(
      target,
      property,
      descriptor,
    );
  };
}

/** By parameters' kind and index, as Nest keeps them. */
type Parameters = Readonly<Record<string, { readonly index: number; readonly data?: unknown }>>;

function takePayload(target: object, property: string | symbol, { subject }: RequestContract): void {
  const declared = (Reflect.getMetadata(PARAM_ARGS_METADATA, target.constructor, property) ?? {}) as Parameters;
  const payload = Object.entries(declared).find(([key]) => key.startsWith(`${RpcParamtype.PAYLOAD}:`))?.[1];
  if (payload?.data !== undefined)
    throw new Error(`${String(property)} takes a part of ${subject}: take all of it, by @Payload() without a name.`);
  if (payload) return;
  const taken = new Set(Object.values(declared).map(({ index }) => index));
  let index = 0;
  while (taken.has(index)) index++;
  Payload()(target, property, index);
}
