import { Alert, Button, Group, Stack, Tabs, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { DownloadIcon } from '../../design/icons.tsx';
import { Lines } from '../../design/lines.tsx';

export type Credentials = Answer<'createServiceKey'>['credentials'];

/** What a sender gets, this once: as files, and as lines that use them. It lives in this page alone. */
export function ShownOnce({
  credentials,
  address,
}: {
  readonly credentials: Credentials;
  readonly address?: string | undefined;
}): ReactElement {
  const { certificate, key, clientsecret, clientid } = credentials;
  const secret = key !== undefined || clientsecret !== undefined;
  const url = `${credentials.url}${address === undefined ? '/http/…' : `/http${address}`}`;
  return (
    <Stack gap="sm">
      {secret && (
        <Alert color="yellow" title="Shown this once">
          The {key === undefined ? 'secret' : 'private key'} is kept nowhere. Save it before you leave this page.
        </Alert>
      )}
      <Group gap="xs">
        {certificate !== undefined && <Download name="client.pem" text={certificate} />}
        {key !== undefined && <Download name="client.key" text={key} />}
        {clientsecret !== undefined && <Download name="client-secret" text={clientsecret} />}
      </Group>
      <Facts
        of={[
          ['Client id', <Copyable key="id" text={clientid} />],
          ['Client secret', clientsecret && <Copyable key="secret" text={clientsecret} />],
          ['URL', <Copyable key="url" text={credentials.url} />],
          ['Token URL', <Copyable key="token" text={credentials.tokenurl} />],
        ]}
      />
      {certificate !== undefined && (
        <Tabs defaultValue="curl" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="curl">curl</Tabs.Tab>
            <Tabs.Tab value="p12">PKCS#12</Tabs.Tab>
            <Tabs.Tab value="java">Java</Tabs.Tab>
            <Tabs.Tab value="dotnet">.NET</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="curl" pt="xs">
            <Lines text={`curl --cert client.pem --key client.key --cacert server-root.pem \\\n  ${url} -d hello`} />
            <Text size="xs" c="dimmed">
              server-root.pem is the root of the flow port&apos;s certificate: Connectivity Test hands it out.
            </Text>
          </Tabs.Panel>
          <Tabs.Panel value="p12" pt="xs">
            <Lines text="openssl pkcs12 -export -in client.pem -inkey client.key -out client.p12" />
            <Text size="xs" c="dimmed">
              For systems before 2018 add -legacy.
            </Text>
          </Tabs.Panel>
          <Tabs.Panel value="java" pt="xs">
            <Lines
              text={`java -Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStoreType=PKCS12 \\\n  -Djavax.net.ssl.keyStorePassword=… -Djavax.net.ssl.trustStore=server-root.p12 …`}
            />
          </Tabs.Panel>
          <Tabs.Panel value="dotnet" pt="xs">
            <Lines
              text={`var handler = new HttpClientHandler();\nhandler.ClientCertificates.Add(X509CertificateLoader.LoadPkcs12FromFile("client.p12", password));\nvar answer = await new HttpClient(handler).PostAsync("${url}", content);`}
            />
          </Tabs.Panel>
        </Tabs>
      )}
    </Stack>
  );
}

function Download({ name, text }: { readonly name: string; readonly text: string }): ReactElement {
  return (
    <Button
      variant="default"
      leftSection={<DownloadIcon />}
      onClick={() => {
        const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
        const link = document.createElement('a');
        link.href = url;
        link.download = name;
        link.click();
        // Not at once: the download takes it from there.
        setTimeout(() => URL.revokeObjectURL(url), 1_000);
      }}
    >
      {name}
    </Button>
  );
}
