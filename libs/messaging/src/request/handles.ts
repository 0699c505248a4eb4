import type { RequestContract } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { applyDecorators, Injectable, UsePipes, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';

/** Decodes a request's payload by its contract; other parameters of a handler pass untouched. */
@Injectable()
export class ContractPipe implements PipeTransform {
  constructor(private readonly contract: RequestContract) {}

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.type !== 'body') return value;
    const parsed = this.contract.request.safeParse(value);
    if (parsed.success) return parsed.data;
    throw invalidArgument(
      parsed.error.issues.map((issue) => ({ field: issue.path.join('.') || 'request', message: issue.message })),
    );
  }
}

/** Marks the method that answers a request of a contract. Its payload parameter is decoded; what it returns is the result. */
export function Handles(contract: RequestContract): MethodDecorator {
  return applyDecorators(MessagePattern(contract.subject), UsePipes(new ContractPipe(contract)));
}
