import { format, resolveConfig } from 'prettier';
import { forTestsAlone, type ServiceSettings, type Setting } from './service-settings.js';

const head = `# Settings

Made from the services' schemas by \`npm run settings\`: change those, not this page.

Each service reads its settings from environment variables; one that is empty is not set, one that is wrong or missing ends the start with a sentence that
names it. **The local stack** (\`npm start\`) passes on every variable of its own environment that a service has by the same name, but those it decides itself (addresses
of servers, files it made, ports: the variables \`SLUICE_…\`). **Compose** passes on each with \`SLUICE_\` before its name, \`SLUICE_LEASE_MS\` for \`LEASE_MS\`,
but those it decides itself; a file that is named must be mounted into the container.
`;

/** docs/settings.md. @param file where it goes, for the form that prettier gives it */
export async function renderSettings(settings: ServiceSettings, file: string): Promise<string> {
  const sections = [...settings].map(([service, known]) => {
    const rows = Object.entries(known)
      .filter(([name]) => !forTestsAlone.has(name))
      .map(
        ([name, setting]) => `| \`${name}\` | ${defaultOf(setting)} | ${rangeOf(setting)} | ${setting.description} |`,
      );
    return `## ${service}\n\n| variable | default | values | what it is |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const options = await resolveConfig(file);
  return format([head, ...sections].join('\n'), { ...options, parser: 'markdown' });
}

function defaultOf(setting: Setting): string {
  if (setting.required) return '**required**';
  return setting.default === undefined || setting.default === '' ? 'none' : `\`${setting.default}\``;
}

function rangeOf({ values, minimum, maximum, type }: Setting): string {
  if (values) return values.map((value) => `\`${value}\``).join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return type === 'integer' || type === 'number' ? 'a number' : 'text';
}
