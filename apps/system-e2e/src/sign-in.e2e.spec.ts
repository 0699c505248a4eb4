import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '@sluice/testing';
import { TestOpenIdProvider } from '@sluice/testing/openid';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Administrator } from './administrator/administrator.js';
import { browserPath, startBrowser } from './browser/browser.js';
import { LocalStack } from './stack/local-stack.js';

if (!browserPath && process.env['CI'] === 'true') throw new Error('CI needs chromium for the sign-in.');
const described = browserPath ? describe : describe.skip;

described(`signing in as a person${browserPath ? '' : ' (skipped: no chromium)'}`, () => {
  let provider: TestOpenIdProvider;
  let stack: LocalStack;
  let first: Administrator;
  let browser: Browser;
  /** What the pages asked for elsewhere than here and at the provider, or were forbidden to. */
  const surprises: string[] = [];
  /** That the provider gave, as the browser was sent back with them. */
  const codes = new Set<string>();

  beforeAll(async () => {
    const ports = { admin: await freePort(), flow: await freePort() };
    const adminUrl = `http://127.0.0.1:${ports.admin}`;
    [provider, browser] = await Promise.all([
      TestOpenIdProvider.start({
        redirectUris: [`${adminUrl}/v1/sign-in/callback`],
        postLogoutRedirectUris: [`${adminUrl}/`],
        accounts: {
          anna: { preferred_username: 'anna@example.com', groups: ['platform'] },
          bert: { preferred_username: 'bert@example.com', groups: ['visitors'] },
          carl: { preferred_username: 'carl@example.com', groups: ['operators'] },
        },
      }),
      startBrowser(browserPath ?? ''),
    ]);
    stack = await LocalStack.start({
      ports,
      environment: {
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: 'sluice',
        OIDC_NAME: 'Example',
        OIDC_SCOPES: 'openid profile groups',
        OIDC_GROUP_RIGHTS: '{"platform": ["Roles.manage", "Audit.read"], "operators": ["Monitoring.read"]}',
      },
    });
    first = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
    await provider?.stop();
  });

  const newPage = async (): Promise<{ page: Page; context: BrowserContext }> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    // What the pages of the provider are made of is no matter of ours; those of the console are looked at in its own test.
    await context.route('https://fonts.googleapis.com/**', (route) => route.abort());
    const page = await context.newPage();
    page.on('pageerror', (error) => surprises.push(error.message));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text()) && message.location().url.startsWith(stack.facts.adminUrl))
        surprises.push(message.text());
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      const code = url.searchParams.get('code');
      if (code !== null) codes.add(code);
      const known = [stack.facts.adminUrl, provider.issuer, 'https://fonts.googleapis.com'];
      if (url.protocol.startsWith('http') && !known.includes(url.origin)) surprises.push(request.url());
    });
    return { page, context };
  };
  /** From the page of the console that was asked for to the provider, and to where it leads from there. */
  const signIn = async (page: Page, account: string, path = '/user-roles') => {
    await page.goto(`${stack.facts.adminUrl}${path}`);
    await page.getByRole('link', { name: 'Sign in with Example' }).click();
    await page.locator('input[name=login]').fill(account);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
  };
  const statusOf = (page: Page, path: string) => page.evaluate<number>(`fetch('${path}').then(({ status }) => status)`);
  const auditOf = async (actor: string) =>
    (
      await first.client.expect<{ items: { action: string }[] }>(
        200,
        'GET',
        `/v1/audit?actor=${encodeURIComponent(actor)}`,
      )
    ).items.map(({ action }) => action);
  let anna: Page;

  it('leads from a page to the provider and back to it, and stands under the person’s name in the audit trail', async () => {
    ({ page: anna } = await newPage());
    await signIn(anna, 'anna', '/user-roles');
    await anna.getByRole('button', { name: 'Create role' }).click();
    expect(new URL(anna.url()).pathname).toBe('/user-roles');
    expect(new URL(anna.url()).search).toBe('');
    const dialog = anna.getByRole('dialog');
    await dialog.getByLabel(/^Name/).fill('Person.made');
    await dialog.getByRole('button', { name: /Create/ }).click();
    await anna.getByRole('cell', { name: 'Person.made', exact: true }).waitFor();
    const { items } = await first.client.expect<{ items: { id: string; name: string; sessions: unknown[] }[] }>(
      200,
      'GET',
      '/v1/people',
    );
    expect(items).toMatchObject([{ shown: 'anna@example.com', subject: 'anna', sessions: [expect.anything()] }]);
    const name = items[0]?.name ?? '';
    expect(name).toMatch(/^person\/anna@example\.com\/[0-9a-f]{16}$/);
    expect(await auditOf(name)).toEqual([
      'sluice.authorization.create-user-role.v1',
      'sluice.authorization.open-person-session.v1',
    ]);
  });

  it('attack 48: leaves nothing of code, token or session where a script or a log could have it', async () => {
    const seen = await anna.evaluate<string>(
      'JSON.stringify([document.cookie, location.href, Object.entries(localStorage), Object.entries(sessionStorage), document.documentElement.outerHTML, performance.getEntriesByType("navigation").map(({ name }) => name)])',
    );
    expect(codes.size).toBe(1);
    const cookies = await anna.context().cookies(stack.facts.adminUrl);
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ['sluice-session', true, 'Strict'],
    ]);
    const told = [seen, ...stack.logs.values()].join('\n');
    for (const secret of [...codes, cookies[0]?.value ?? '']) expect(told).not.toContain(secret);
    expect(seen).not.toContain('sluice-session');
  });

  it('may do what the groups say, and no more', async () => {
    const { page, context } = await newPage();
    await signIn(page, 'carl');
    await page.getByRole('cell', { name: 'Person.made', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Create role' }).count()).toBe(0);
    expect(await statusOf(page, '/v1/audit')).toBe(403);
    expect(await statusOf(page, '/v1/people')).toBe(200);
    await context.close();
  });

  it('is refused to who is in no group, on a page that says so and is for everybody', async () => {
    const { page, context } = await newPage();
    await signIn(page, 'bert');
    await page.getByText('no group of yours has rights here').waitFor();
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect((await context.cookies(stack.facts.adminUrl)).map(({ name }) => name)).toEqual([]);
    await page.getByRole('link', { name: 'Back to the sign-in page' }).click();
    await page.getByLabel('Admin token').waitFor();
    await context.close();
  });

  it('ends everywhere when an administrator says so, on the page of the administrators', async () => {
    const { page: other } = await newPage();
    await signIn(other, 'anna');
    await other.getByRole('cell', { name: 'Person.made', exact: true }).waitFor();
    for (const page of [anna, other]) expect(await statusOf(page, '/v1/user-roles')).toBe(200);
    const { page, context } = await newPage();
    await page.goto(`${stack.facts.adminUrl}/administrators`);
    await page.getByLabel('Admin token').fill(stack.facts.adminToken);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: '▸ anna@example.com' }).click();
    await page.getByRole('table', { name: 'Sessions of anna@example.com' }).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    await page.getByRole('button', { name: 'Sign out everywhere: anna@example.com' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByText('anna@example.com is signed out everywhere.').waitFor();
    for (const page of [anna, other]) expect(await statusOf(page, '/v1/user-roles')).toBe(401);
    expect((await auditOf('initial')).slice(0, 1)).toEqual(['sluice.authorization.end-person-sessions.v1']);
    await anna.reload();
    await anna.getByRole('link', { name: 'Sign in with Example' }).waitFor();
    await context.close();
    await other.context().close();
  });

  it('signs out here and at the provider', async () => {
    const { page, context } = await newPage();
    await signIn(page, 'carl');
    await page.getByRole('button', { name: 'carl@example.com' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL(`${provider.issuer}/session/end?**`);
    await page.getByRole('button', { name: /Yes, sign me out/ }).click();
    await page.getByRole('link', { name: 'Sign in with Example' }).waitFor();
    expect(await statusOf(page, '/v1/user-roles')).toBe(401);
    await context.close();
  });

  it('asked nobody else for anything, and did nothing that its policy forbids', () => {
    expect(surprises).toEqual([]);
  });
});
