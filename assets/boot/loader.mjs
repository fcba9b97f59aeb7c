// Trunk calls these while it fetches and starts the app.
export default () => ({
  onProgress: ({ current, total }) => window.__bottleBoot.progress(total ? current / total : 0),
  onSuccess: (exports) => window.__bottleBoot.started(exports),
  onFailure: (reason) => window.__bottleBoot.fail(reason),
});
