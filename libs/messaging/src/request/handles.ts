import { violationsOf, type DecodedRequestOf, type RequestContract } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { applyDecorators, Injectable, UsePipes, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';

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

/** Marks the method that answers a request of a contract. Its payload parameter is decoded; what it returns is the result. */
export function Handles(contract: RequestContract): MethodDecorator {
  return applyDecorators(MessagePattern(contract.subject), UsePipes(new ContractPipe(contract)));
}
