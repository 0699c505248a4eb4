import { Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { SearchIcon } from '../design/icons.tsx';

interface Field {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

/** Asks a moment after the last key, not at each. */
export function TextFilter({
  label,
  value,
  onChange,
  placeholder,
}: Field & { readonly placeholder?: string }): ReactElement {
  const [text, setText] = useState(value ?? '');
  const changed = useDebouncedCallback(
    (given: string) => onChange(given.trim() === '' ? undefined : given.trim()),
    250,
  );
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder ?? label}
      leftSection={<SearchIcon />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        changed(event.currentTarget.value);
      }}
    />
  );
}

export function ChoiceFilter({
  label,
  value,
  onChange,
  choices,
}: Field & { readonly choices: readonly (string | { value: string; label: string })[] }): ReactElement {
  return (
    <Select
      aria-label={label}
      placeholder={label}
      data={[...choices]}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      clearable
      w={180}
    />
  );
}
