import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { browserPath, startBrowser } from './browser/browser.js';
import { LocalStack } from './stack/local-stack.js';

if (!browserPath && process.env['CI'] === 'true') throw new Error('CI needs chromium for the console.');
const described = browserPath ? describe : describe.skip;

described(`the console${browserPath ? '' : ' (skipped: no chromium)'}`, () => {
  let stack: LocalStack;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let folder: TemporaryFolder;
  /** What the pages asked for elsewhere, or were forbidden to. */
  const surprises: string[] = [];

  beforeAll(async () => {
    folder = new TemporaryFolder('console');
    [stack, browser] = await Promise.all([LocalStack.start(), startBrowser(browserPath ?? '')]);
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
    page = await context.newPage();
    page.on('pageerror', (error) => surprises.push(error.message));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) surprises.push(message.text());
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== stack.facts.adminUrl) surprises.push(request.url());
    });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
    folder?.remove();
  });

  const open = (path: string) => page.goto(`${stack.facts.adminUrl}${path}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const save = async (name: string) => {
    const [download] = await Promise.all([page.waitForEvent('download'), button(name).click()]);
    const file = join(folder.path, name);
    await download.saveAs(file);
    return file;
  };
  const curl = (path: string) =>
    execFileSync(
      'curl',
      [
        '-s',
        ...['--cert', join(folder.path, 'client.pem'), '--key', join(folder.path, 'client.key')],
        ...['--cacert', stack.facts.serverRootCaFile, '-w', ' %{http_code}', '-d', 'hello'],
        `${stack.facts.flowUrl}${path}`,
      ],
      { encoding: 'utf8' },
    );

  it('is signed in to by an admin token, which no script can read afterwards', async () => {
    await open('/service-keys');
    await page.getByLabel('Admin token').fill('wrong');
    await button('Sign in').click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Admin token').fill(stack.facts.adminToken);
    await button('Sign in').click();
    await page.getByRole('heading', { name: 'Service Keys' }).waitFor();
    const seen = await page.evaluate<string>(
      'JSON.stringify([document.cookie, Object.entries(localStorage), Object.entries(sessionStorage), document.documentElement.outerHTML])',
    );
    expect(seen).not.toContain(stack.facts.adminToken);
    expect(seen).not.toContain('sluice-session');
    await page.reload();
    await page.getByRole('heading', { name: 'Service Keys' }).waitFor();
  });

  it('lets a sender in by clicking alone, from the role to the call', async () => {
    await page.getByRole('link', { name: 'Let a sender in' }).first().click();
    await page.getByLabel('Or a new one').fill('Console.send');
    await button('Create role').click();
    await page.getByLabel(/^A new one/).fill('console');
    await button('Create instance').click();
    await page.getByLabel(/^Name of the key/).fill('till');
    await button('Create key').click();
    await page.getByText('Shown this once').waitFor();
    await save('client.pem');
    await save('client.key');
    writeFileSync(
      join(folder.path, 'flow.yaml'),
      'name: console\nsender: {adapter: HTTPS, address: /console, authorization: {type: UserRole, role: Console.send}}\nsteps: []\n',
    );
    const deployed = await fetch(`${stack.facts.adminUrl}/v1/flows/console`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${stack.facts.adminToken}`, 'content-type': 'application/yaml' },
      body: 'name: console\nsender: {adapter: HTTPS, address: /console, authorization: {type: UserRole, role: Console.send}}\nsteps: []\n',
    });
    expect(deployed.status).toBe(201);
    expect(curl('/http/console')).toBe('hello 200');
  });

  it('rotates and revokes a key, and says why its sender is refused then', async () => {
    await page.getByRole('link', { name: 'till' }).click();
    await page.getByRole('heading', { name: 'till' }).waitFor();
    await button('Rotate').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('dialog').getByText('Shown this once').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('img', { name: /^The life of the key: .*; / }).waitFor();
    await button('Revoke').click();
    await button('Revoke for good').click();
    await page.getByText('The service key till is revoked.').waitFor();
    expect(curl('/http/console')).toContain(' 401');
    await page.getByRole('link', { name: 'Decisions about it' }).click();
    await page.getByRole('link', { name: 'key-revoked' }).first().click();
    await page.getByRole('heading', { name: 'Decision: key-revoked' }).waitFor();
    await page.getByText('The service key till is revoked: issue a new one.').waitFor();
  });

  it('shows what others do as they do it', async () => {
    await open('/user-roles');
    await page.getByRole('cell', { name: 'Console.send', exact: true }).waitFor();
    const made = await fetch(`${stack.facts.adminUrl}/v1/user-roles`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.facts.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Others.send' }),
    });
    expect(made.status).toBe(201);
    // The list asks nothing by itself while it is looked at.
    await page.getByRole('cell', { name: 'Others.send', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByText('live', { exact: true }).waitFor();
    await page
      .getByRole('row', { name: /user-role\.created/ })
      .filter({ hasText: 'Others.send' })
      .waitFor();
  });

  it.each([
    '/',
    '/service-instances',
    '/service-keys',
    '/service-keys/new',
    '/user-roles',
    '/decisions',
    '/events',
    '/certificates',
    '/trusted-roots',
    '/issuing-cas',
    '/connectivity-tests',
    '/approvals',
    '/audit',
    '/administrators',
    '/flows',
    '/flows/console',
    '/messages',
  ])('can be used by everybody, at %s, light and dark', async (path) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await open(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    const light = await new AxeBuilder({ page }).analyze();
    // The same page in other colours.
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.locator('[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' });
    const dark = await new AxeBuilder({ page }).withRules('color-contrast').analyze();
    for (const { violations } of [light, dark])
      expect(violations.map(({ id, nodes }) => [path, id, nodes[0]?.html])).toEqual([]);
  });

  it('offers to nobody what they may not do, and shows what they may see', async () => {
    const made = await fetch(`${stack.facts.adminUrl}/v1/admin-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.facts.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'reader', roles: ['Monitoring.read'] }),
    });
    const { token } = (await made.json()) as { token: string };
    const other = await browser.newContext();
    const reading = await other.newPage();
    await reading.goto(`${stack.facts.adminUrl}/user-roles`);
    await reading.getByLabel('Admin token').fill(token);
    await reading.getByRole('button', { name: 'Sign in' }).click();
    await reading.getByRole('cell', { name: 'Console.send' }).waitFor();
    expect(await reading.getByRole('button', { name: 'Create role' }).count()).toBe(0);
    await other.close();
  });

  it('signs out, and the session is over', async () => {
    await open('/user-roles');
    await button('initial').click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('Admin token').waitFor();
    expect(await page.evaluate<number>("fetch('/v1/user-roles').then(({ status }) => status)")).toBe(401);
  });

  it('asked nobody else for anything, and did nothing that its policy forbids', () => {
    expect(surprises).toEqual([]);
  });
});
