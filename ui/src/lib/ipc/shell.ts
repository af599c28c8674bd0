// The window's own shell. This folder alone names `@tauri-apps`.
import { Channel } from '@tauri-apps/api/core';
import { type CopyView, type KeptView, type LogUpdate, type MetricsUpdate, type ShownView, type Update, type WindowUpdate, commands } from './bindings';
import { Failure, type Ipc } from './index';

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    throw Failure.from(thrown);
  }
}

/** Ends a stream: nothing that was on its way is heard any more. */
function leaving<T>(channel: Channel<T>): () => void {
  return () => {
    channel.onmessage = () => {};
    void commands.leave(channel.id);
  };
}

/** The shell puts it there before the page is read. */
declare global {
  interface Window {
    __SAMEPATH_KEPT__?: KeptView;
    __SAMEPATH_KNOWN__?: Update[];
  }
}

export const shell: Ipc = {
  kept: window.__SAMEPATH_KEPT__ ?? {},
  known: window.__SAMEPATH_KNOWN__ ?? [],
  addStorage: (name, fields) => answered(commands.addStorage(name, fields)),
  setStorage: (name, fields) => answered(commands.setStorage(name, fields)),
  renameStorage: (name, to, fields) => answered(commands.renameStorage(name, to, fields)),
  removeStorage: async (name) => void (await answered(commands.removeStorage(name))),
  putStorageBack: async (name, fields) => void (await answered(commands.putStorageBack(name, fields))),
  checkStorages: (name) => answered(commands.checkStorages(name)),
  showStorage: async (name, own) => void (await answered(commands.showStorage(name, own))),
  lookAround: () => answered(commands.lookAround()),
  ownFolder: (name, fields) => answered(commands.ownFolder(name, fields)),
  tryStorage: (name, fields, wished) => answered(commands.tryStorage(name, fields, wished)),
  makeOwn: (name, fields, knowingly) => answered(commands.makeOwn(name, fields, knowingly)),
  sameStorage: (name, fields) => answered(commands.sameStorage(name, fields)),
  foundSettings: () => answered(commands.foundSettings()),
  settingsOf: (file) => answered(commands.settingsOf(file)),
  placeFolder: (name, path) => answered(commands.placeFolder(name, path)),
  async showMe(receive) {
    await answered(commands.showMe(new Channel<ShownView>(receive)));
  },
  stopShowing: () => answered(commands.stopShowing()),
  folderIn: (name, fields, path) => answered(commands.folderIn(name, fields, path)),
  readInvitation: (text) => answered(commands.readInvitation(text)),
  joinLab: (text) => answered(commands.joinLab(text)),
  joinAsWorker: (text) => answered(commands.joinAsWorker(text)),
  memberships: () => answered(commands.memberships()),
  leaveLab: async () => void (await answered(commands.leaveLab())),
  addComputer: () => answered(commands.addComputer()),
  computers: () => answered(commands.computers()),
  removeComputer: async (key) => void (await answered(commands.removeComputer(key))),
  drainWorker: (worker, drain) => answered(commands.drainWorker(worker, drain)),
  removeWorker: async (name) => void (await answered(commands.removeWorker(name))),
  tryNow: () => answered(commands.tryNow()),
  startAgain: async () => void (await answered(commands.startAgain())),
  keep: async (change) => void (await answered(commands.keep(change))),
  startWorker: async () => void (await answered(commands.startWorker())),
  stopWorker: async (mode) => void (await answered(commands.stopWorker(mode))),
  hardware: () => answered(commands.hardware()),
  programs: () => answered(commands.programs()),
  setProgram: async (name, path) => void (await answered(commands.setProgram(name, path))),
  doctor: () => answered(commands.doctor()),
  openSettings: async () => void (await answered(commands.openSettings())),
  settingsAround: (line) => answered(commands.settingsAround(line)),
  openPermissions: async () => void (await answered(commands.openPermissions())),
  showData: async () => void (await answered(commands.showData())),
  connect: async (storage) => void (await answered(commands.connect(storage))),
  showNews: async () => void (await answered(commands.showNews())),
  openDataset: (path, videos) => answered(commands.openDataset(path, videos)),
  locateVideo: (path, videos, chosen) => answered(commands.locateVideo(path, videos, chosen)),
  copyFiles(files, folder, receive) {
    const channel = new Channel<CopyView>(receive);
    return { done: answered(commands.copyFiles(files, folder, channel)), stop: () => void commands.stopCopying(channel.id) };
  },
  showDataset: async (path) => void (await answered(commands.showDataset(path))),
  resultsThere: (folder, kind) => answered(commands.resultsThere(folder, kind)),
  kinds: () => answered(commands.kinds()),
  readiness: (draft) => answered(commands.readiness(draft)),
  submit: (draft) => answered(commands.submit(draft)),
  stop: (id) => answered(commands.stop(id)),
  kill: (id) => answered(commands.kill(id)),
  retry: (id) => answered(commands.retry(id)),
  clearJobs: (days) => answered(commands.clearJobs(days)),
  followUp: (id) => answered(commands.followUp(id)),
  openLog: async (id) => void (await answered(commands.openLog(id))),
  showResults: async (id) => void (await answered(commands.showResults(id))),
  openInSleap: async (id) => void (await answered(commands.openInSleap(id))),
  report: (id) => answered(commands.report(id)),
  pickFile: (title, filters, begin) => answered(commands.pickFile(title, filters, begin ?? null)),
  pickFiles: (title, filters, begin) => answered(commands.pickFiles(title, filters, begin ?? null)),
  pickNewFile: (title, filters, begin) => answered(commands.pickNewFile(title, filters, begin ?? null)),
  pickFolder: (title, begin) => answered(commands.pickFolder(title, begin ?? null)),
  async watch(receive) {
    await answered(commands.watch(new Channel<Update[]>((updates) => updates.forEach(receive))));
  },
  async followLog(id, attempt, receive) {
    const channel = new Channel<LogUpdate>(receive);
    await answered(commands.followLog(id, attempt, channel));
    return leaving(channel);
  },
  async followMetrics(id, receive) {
    const channel = new Channel<MetricsUpdate>(receive);
    await answered(commands.followMetrics(id, channel));
    return leaving(channel);
  },
  async attendWindow(receive) {
    await answered(commands.attendWindow(new Channel<WindowUpdate>(receive)));
  },
  closeWindow: async () => void (await answered(commands.closeWindow())),
  quit: async (mode) => void (await answered(commands.quit(mode))),
};
