// What finds races that a quick machine hides, by environment variables: LEANAUTH_BROWSER_SHAKE=1 holds each question to the admin API and
// each answer of it back, up to 400 ms (or as many as it says, from 2 on); LEANAUTH_BROWSER_SLOW=4 gives a page a quarter of its speed.
const given = Number(process.env.LEANAUTH_BROWSER_SHAKE ?? 0);
const MOST_MS = given === 1 ? 400 : given;
const SLOWER = Number(process.env.LEANAUTH_BROWSER_SLOW ?? 1);

// Every second one goes through at once, so that they overtake each other.
const pause = () => new Promise((go) => setTimeout(go, Math.max(0, Math.random() * 2 - 1) * MOST_MS));

/** By the debugger, because routes of Playwright would turn the browser's cache off. */
export async function shake(page) {
  if (!(MOST_MS > 0 || SLOWER > 1)) return;
  const debug = await page.context().newCDPSession(page);
  if (SLOWER > 1) await debug.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  if (!(MOST_MS > 0)) return;
  debug.on('Fetch.requestPaused', async ({ requestId }) => {
    await pause();
    // The page may be gone, or have given the question up.
    await debug.send('Fetch.continueRequest', { requestId }).catch(() => {});
  });
  await debug.send('Fetch.enable', { patterns: ['Request', 'Response'].map((requestStage) => ({ urlPattern: '*/admin/v1/*', requestStage })) });
}
