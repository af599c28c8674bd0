import type { StorageFields, StorageView } from '../../src/lib/ipc';
import { storage } from '../views';
import { FakeLab } from './lab';

/** The storages of this computer. */
export class FakeStorages extends FakeLab {
  private removed: StorageView[] = [];

  protected publish(): void {
    this.say({ type: 'storages', value: [...this.storages] });
  }

  async addStorage(name: string, fields: StorageFields): Promise<StorageView> {
    await this.note('addStorage', name, fields);
    const added = storage({
      name,
      base_path: fields.base_path ?? null,
      user_subdir: fields.user_subdir ?? '',
      subpath: fields.subpath ?? '',
      type: fields.type ?? null,
      description: fields.description ?? null,
    });
    this.storages.push(added);
    this.publish();
    return added;
  }

  async setStorage(name: string, fields: StorageFields): Promise<StorageView> {
    await this.note('setStorage', name, fields);
    const index = this.storages.findIndex((one) => one.name === name);
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    const changed = storage({ ...this.storages[index], ...given });
    this.storages[index] = changed;
    this.publish();
    return changed;
  }

  async renameStorage(name: string, to: string, fields: StorageFields): Promise<StorageView> {
    await this.note('renameStorage', name, to, fields);
    const index = this.storages.findIndex((one) => one.name === name);
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    const renamed = storage({ ...this.storages[index], ...given, name: to });
    this.storages[index] = renamed;
    this.publish();
    return renamed;
  }

  async putStorageBack(name: string, fields: StorageFields): Promise<void> {
    await this.note('putStorageBack', name, fields);
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
    this.storages.push(this.removed.find((one) => one.name === name) ?? storage({ ...given, name }));
    this.publish();
  }

  async removeStorage(name: string): Promise<void> {
    await this.note('removeStorage', name);
    this.removed = this.storages.filter((one) => one.name === name);
    this.storages = this.storages.filter((one) => one.name !== name);
    this.publish();
  }

  async checkStorages(name: string | null): Promise<StorageView[]> {
    await this.note('checkStorages', name);
    return this.storages;
  }
}
