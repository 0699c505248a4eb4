import type { RequestContract } from '@sluice/contracts';
import { decodeRequest } from '@sluice/messaging';

interface UseCase<Request, Result> {
  execute(request: Request): Promise<Result>;
}

/**
 * A use case as its handler calls it, by a request that is decoded by the contract first. Who asks is given by name.
 */
export function called<C extends RequestContract, Request, Result>(
  contract: C,
  useCase: UseCase<Request, Result>,
): UseCase<Readonly<Record<string, unknown>>, Result> {
  return {
    async execute(request) {
      const { actor = 'test' } = request;
      const decoded = decodeRequest(contract, { ...request, actor: { name: actor } }) as Record<string, unknown>;
      return useCase.execute({ ...decoded, actor } as Request);
    },
  };
}
