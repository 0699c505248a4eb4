import { Button, FileButton, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState, type ReactElement } from 'react';

interface Properties {
  readonly label: string;
  readonly description?: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** A file that is no text; absent: it is read as text. */
  readonly onFile?: (file: File) => void;
}

/** Text that is pasted, chosen as a file, or dropped as one. */
export function DropText({ label, description, placeholder, value, onChange, onFile }: Properties): ReactElement {
  const [over, setOver] = useState(false);
  const take = (file: File | null | undefined): void => {
    if (!file) return;
    if (onFile) onFile(file);
    else void file.text().then(onChange);
  };
  return (
    <Stack
      gap={4}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files[0]);
      }}
    >
      <Textarea
        label={label}
        description={description}
        placeholder={placeholder ?? '-----BEGIN CERTIFICATE-----'}
        autosize
        minRows={4}
        maxRows={12}
        spellCheck={false}
        styles={{
          input: {
            fontFamily: 'var(--mantine-font-family-monospace)',
            ...(over ? { borderColor: 'var(--mantine-primary-color-filled)' } : {}),
          },
        }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Group gap="xs">
        <FileButton onChange={take} accept=".pem,.cer,.crt,.der,.txt">
          {(properties) => (
            <Button variant="default" {...properties}>
              Choose a file
            </Button>
          )}
        </FileButton>
        <Text size="xs" c="dimmed">
          or drop one on the field
        </Text>
      </Group>
    </Stack>
  );
}
