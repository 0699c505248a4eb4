import type { UseCaseNames } from './names.ts';

/** The operation, as the noun's file of `libs/contracts/src/api` defines it. */
export function operation(names: UseCaseNames, tag: string): string {
  const parameters = names.parameters.map((name) => `${name}: idInPath('${capital(name)} of the ${names.one}.')`);
  return `
export const ${names.id} = defineOperation('${names.app}', '${names.name}', {
  request: byActor.extend({ ${[...parameters, 'ifMatch'].join(', ')} }),
  response: changed.extend({ etag: etag.optional() }),
  http: {
    method: 'POST',
    // The right that a caller must have: libs/domain/src/role/right.ts. Choose the least.
    needs: 'Admin.all',
    path: '${names.path}',
    tag${tag === 'tag' ? '' : `: ${tag}`},
    summary: '${names.sentence}.',
    errors: ['not-found'],
  },
});
`;
}

export function useCase(names: UseCaseNames): string {
  const members = names.parameters.map((name) => `${name}: string; `).join('');
  const [first = 'actor'] = names.parameters;
  return `import { SluiceError, type Precondition } from '@sluice/domain';
import { PublishedChanges } from '@sluice/service-shell';
import { Injectable } from '@nestjs/common';

/** ${names.sentence}. */
@Injectable()
export class ${names.className} {
  constructor(private readonly changes: PublishedChanges) {}

  /** @throws SluiceError \`not-found\`, \`precondition-failed\` */
  execute(request: { ${members}actor: string } & Precondition) {
    // In the transaction: find the row and lock it, \`requirePrecondition\` with its tag, change it, and tell of it by
    // \`change.state\` and \`change.event\`. What is given back is what the answer shows.
    return this.changes.commit((): Promise<{ etag: string }> => {
      throw new SluiceError('internal', \`${names.name} does nothing with \${request.${first}} yet.\`);
    });
  }
}
`;
}

export function spec(names: UseCaseNames): string {
  const unwritten = `throw new Error('Write this: real Postgres and NATS, as the other *.int.spec.ts of ${names.app} have them.');`;
  return `import { describe, it } from '@jest/globals';

describe('${names.name}', () => {
  it('${lower(names.sentence)}, and tells of it in the state stream and by an event', () => {
    ${unwritten}
  });

  it('is refused with not-found where there is none', () => {
    ${unwritten}
  });

  it('changes nothing when it was changed since it was read', () => {
    ${unwritten}
  });
});
`;
}

/** The method of the controller: decode, call, encode. */
export function handler(names: UseCaseNames): string {
  return `
  @Handles(${names.id})
  async ${names.method}(
    @Payload() request: DecodedRequestOf<typeof ${names.id}>,
  ): Promise<ResponseOf<typeof ${names.id}>> {
    const { value, propagation } = await this.${names.id}.execute({ ...request, actor: request.actor.name });
    return { ...value, propagation };
  }
`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
