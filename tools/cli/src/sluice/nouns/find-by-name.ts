import type { AdminClient } from '@sluice/admin-client';
import {
  findServiceKeys,
  getServiceInstance,
  getServiceKey,
  listServiceInstances,
  type ServiceInstanceView,
  type ServiceKeyView,
} from '@sluice/contracts';
import { CommandFailed, exitCode } from '../exit-code.js';

const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param given id or name @throws CommandFailed when no instance has it */
export async function findInstance(client: AdminClient, given: string): Promise<ServiceInstanceView> {
  if (id.test(given)) return client.call(getServiceInstance, { id: given });
  for await (const instance of client.list(listServiceInstances, {})) if (instance.name === given) return instance;
  throw new CommandFailed(
    `There is no service instance ${given}: sluice instance list shows those there are.`,
    exitCode.notFound,
  );
}

/** @param given id, `instance/name`, or a name that one key alone has @throws CommandFailed */
export async function findKey(client: AdminClient, given: string): Promise<ServiceKeyView> {
  if (id.test(given)) return client.call(getServiceKey, { id: given });
  const slash = given.indexOf('/');
  const name = given.slice(slash + 1);
  const instance = slash < 0 ? undefined : await findInstance(client, given.slice(0, slash));
  const found: ServiceKeyView[] = [];
  if (name !== '')
    for await (const key of client.list(findServiceKeys, {
      text: name.slice(0, 32),
      ...(instance ? { serviceInstanceId: instance.id } : {}),
    }))
      if (key.name === name) found.push(key);
  const [key, ...others] = found;
  if (!key)
    throw new CommandFailed(
      `There is no service key ${given}: sluice key list shows those there are.`,
      exitCode.notFound,
    );
  if (others.length === 0) return key;
  throw new CommandFailed(
    `${found.length} service keys are called ${name}: say which by INSTANCE/${name}, or by its id (${found.map((each) => each.id).join(', ')}).`,
    exitCode.usage,
  );
}
