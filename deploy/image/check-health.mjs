/** Ends with 0 when the service of this container says that it is ready, else with 1 and what it lacks. */
try {
  const response = await fetch(`http://127.0.0.1:${process.env.HEALTH_PORT ?? 8081}/readyz`, {
    signal: AbortSignal.timeout(4_000),
  });
  process.stdout.write(await response.text());
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${error.cause?.code ?? error.message}\n`);
  process.exitCode = 1;
}
