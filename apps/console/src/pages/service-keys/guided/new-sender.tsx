import {
  Button,
  Checkbox,
  Group,
  NumberInput,
  Paper,
  Radio,
  Select,
  Stack,
  Stepper,
  Text,
  TextInput,
  Textarea,
} from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { call, type Answer, type Input } from '../../../api/admin-api.ts';
import { one, pages } from '../../../api/queries.ts';
import { Failure } from '../../../design/failure.tsx';
import { InternalLink } from '../../../design/internal-link.tsx';
import { Lines } from '../../../design/lines.tsx';
import { Page } from '../../../design/page.tsx';
import { ShownOnce } from '../shown-once.tsx';

/** The procedure from the role to the call, one step after the other. Each can be skipped when it is done already. */
export function NewSender(): ReactElement {
  const { instance: given } = useSearch({ strict: false }) as { instance?: string };
  const [step, setStep] = useState(given === undefined ? 0 : 2);
  const [role, setRole] = useState('ESBMessaging.send');
  const [instanceId, setInstanceId] = useState<string | undefined>(given);
  const [made, setMade] = useState<Answer<'createServiceKey'>>();
  return (
    <Page
      title="Let a sender in"
      about="A role, a service instance that has it, a key that the sender is known by, and a flow that asks for the role."
    >
      <Stepper active={step} onStepClick={setStep} size="sm" allowNextStepsSelect={false}>
        <Stepper.Step label="User role" description={step > 0 ? role : 'what the flow asks for'}>
          <ChooseRole chosen={role} choose={setRole} next={() => setStep(1)} />
        </Stepper.Step>
        <Stepper.Step label="Service instance" description="who sends">
          <ChooseInstance
            role={role}
            next={(id) => {
              setInstanceId(id);
              setStep(2);
            }}
          />
        </Stepper.Step>
        <Stepper.Step label="Service key" description="what it is known by">
          {instanceId !== undefined && (
            <MakeKey
              instanceId={instanceId}
              next={(key) => {
                setMade(key);
                setStep(3);
              }}
            />
          )}
        </Stepper.Step>
        <Stepper.Step label="Call" description="files, flow, curl">
          {made && <Call made={made} role={role} />}
        </Stepper.Step>
      </Stepper>
    </Page>
  );
}

function ChooseRole({
  chosen,
  choose,
  next,
}: {
  readonly chosen: string;
  readonly choose: (name: string) => void;
  readonly next: () => void;
}): ReactElement {
  const roles = useInfiniteQuery(pages('listUserRoles', {}, 1_000));
  const names = roles.data?.pages.flatMap(({ items }) => items.map(({ name }) => name)) ?? [];
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const creating = useMutation({
    mutationFn: () => call('createUserRole', { name, description: '' }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['listUserRoles'] });
      choose(name);
      next();
    },
  });
  return (
    <Paper withBorder p="md" maw={640}>
      <Stack gap="sm">
        <Select
          label="A role that is there"
          data={[...new Set([...names, chosen])]}
          value={chosen}
          onChange={(value) => value && choose(value)}
          searchable
          allowDeselect={false}
        />
        <Group justify="flex-end">
          <Button onClick={next}>Go on with {chosen}</Button>
        </Group>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            creating.mutate();
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              label="Or a new one"
              placeholder="Orders.send"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              style={{ flex: 1 }}
            />
            <Button type="submit" variant="default" disabled={name === ''} loading={creating.isPending}>
              Create role
            </Button>
          </Group>
        </form>
        {creating.isError && <Failure error={creating.error} />}
      </Stack>
    </Paper>
  );
}

function ChooseInstance({ role, next }: { readonly role: string; readonly next: (id: string) => void }): ReactElement {
  const instances = useInfiniteQuery(pages('listServiceInstances', {}, 1_000));
  const having =
    instances.data?.pages.flatMap(({ items }) => items.filter(({ parameters }) => parameters.roles.includes(role))) ??
    [];
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const creating = useMutation({
    mutationFn: () => call('createServiceInstance', { name, plan: 'integration-flow', parameters: { roles: [role] } }),
    onSuccess: async (instance) => {
      await queries.invalidateQueries({ queryKey: ['listServiceInstances'] });
      next(instance.id);
    },
  });
  return (
    <Paper withBorder p="md" maw={640}>
      <Stack gap="sm">
        {having.length > 0 && (
          <Select
            label={`One that has the role ${role}`}
            data={having.map(({ id, name: label }) => ({ value: id, label }))}
            onChange={(id) => id && next(id)}
            searchable
            placeholder="Choose it to go on"
          />
        )}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            creating.mutate();
          }}
        >
          <Group align="flex-end" gap="xs">
            <TextInput
              label="A new one"
              description={`With the role ${role}. 1 to 32 of A-Z a-z 0-9 . _ -`}
              placeholder="orders"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              style={{ flex: 1 }}
              required
            />
            <Button type="submit" disabled={name === ''} loading={creating.isPending}>
              Create instance
            </Button>
          </Group>
        </form>
        {creating.isError && <Failure error={creating.error} />}
      </Stack>
    </Paper>
  );
}

const types = [
  {
    value: 'certificate',
    label: 'Certificate that we make',
    about: 'Key pair and certificate are made here, and shown once.',
  },
  {
    value: 'certificate_request',
    label: 'Certificate from a request',
    about: 'The sender keeps its private key, and sends a PKCS#10 request.',
  },
  {
    value: 'certificate_external',
    label: 'Certificate of another CA',
    about: 'The sender has one already; its root is trusted.',
  },
  { value: 'client_secret', label: 'Client secret', about: 'For access tokens: the secret is shown once.' },
] as const;

function MakeKey({
  instanceId,
  next,
}: {
  readonly instanceId: string;
  readonly next: (made: Answer<'createServiceKey'>) => void;
}): ReactElement {
  const instance = useQuery(one('getServiceInstance', { id: instanceId }));
  const [name, setName] = useState('');
  const [type, setType] = useState<string>('certificate');
  const [algorithm, setAlgorithm] = useState('P-256');
  const [validity, setValidity] = useState<number>(365);
  const [pem, setPem] = useState('');
  const [pin, setPin] = useState(true);
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: (idempotencyKey: string) => {
      const parameters = {
        'key-type': type,
        ...(type === 'certificate' ? { 'key-algorithm': algorithm, validity } : {}),
        ...(type === 'certificate_request' ? { 'certificate-request': pem, validity } : {}),
        ...(type === 'certificate_external' ? { 'X.509': pem, 'pin-certificate': pin } : {}),
      } as Input<'createServiceKey'>['parameters'];
      return call('createServiceKey', { serviceInstanceId: instanceId, name, parameters }, { idempotencyKey });
    },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['findServiceKeys'] });
      next(made);
    },
  });
  return (
    <Paper withBorder p="md" maw={640}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          making.mutate(crypto.randomUUID());
        }}
      >
        <Stack gap="sm">
          <Text size="sm">For the service instance {instance.data ? <b>{instance.data.name}</b> : instanceId}.</Text>
          <TextInput
            label="Name of the key"
            placeholder="shop"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Radio.Group label="What the sender is known by" value={type} onChange={setType}>
            <Stack gap={6} mt={6}>
              {types.map(({ value, label, about }) => (
                <Radio key={value} value={value} label={label} description={about} />
              ))}
            </Stack>
          </Radio.Group>
          {type === 'certificate' && (
            <Select
              label="Algorithm"
              data={['P-256', 'P-384', 'RSA']}
              value={algorithm}
              onChange={(value) => setAlgorithm(value ?? 'P-256')}
              allowDeselect={false}
            />
          )}
          {(type === 'certificate' || type === 'certificate_request') && (
            <NumberInput
              label="Validity in days"
              min={1}
              max={365}
              value={validity}
              onChange={(value) => setValidity(Number(value))}
            />
          )}
          {(type === 'certificate_request' || type === 'certificate_external') && (
            <Textarea
              label={type === 'certificate_request' ? 'Certification request (PKCS#10), in PEM' : 'Certificate, in PEM'}
              required
              autosize
              minRows={5}
              maxRows={14}
              value={pem}
              onChange={(event) => setPem(event.currentTarget.value)}
              styles={{ input: { fontFamily: 'monospace' } }}
            />
          )}
          {type === 'certificate_external' && (
            <Checkbox
              checked={pin}
              onChange={(event) => setPin(event.currentTarget.checked)}
              label="Pinned: this very certificate"
              description="Not pinned: a later one with the same subject, of the same CA, is let in too."
            />
          )}
          {making.isError && <Failure error={making.error} />}
          <Group justify="flex-end">
            <Button type="submit" disabled={name === ''} loading={making.isPending}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}

function Call({ made, role }: { readonly made: Answer<'createServiceKey'>; readonly role: string }): ReactElement {
  return (
    <Stack gap="md" maw={820}>
      <Text size="sm">
        The service key <InternalLink to={`/service-keys/${made.id}`}>{made.name}</InternalLink> grants access from now
        on.
      </Text>
      <ShownOnce credentials={made.credentials} />
      <Stack gap={4}>
        <Text size="sm">
          A sender channel asks for the role so; <InternalLink to="/flows">deploy a flow</InternalLink> with it:
        </Text>
        <Lines text={`sender: {adapter: HTTPS, address: /orders, authorization: {type: UserRole, role: ${role}}}`} />
      </Stack>
    </Stack>
  );
}
