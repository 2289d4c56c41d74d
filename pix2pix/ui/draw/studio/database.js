// What lasts in this browser beyond a tab: tables of IndexedDB, whose records may hold files.

const DATABASE = "pix2pix", TABLES = ["drawings", "tracing"];

let opened = null;

function openDatabase() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => TABLES.forEach((table) => request.result.createObjectStore(table, { keyPath: "id" }));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** A table of records, {id, ...}. Every method raises where the browser keeps nothing for this page, or no more. */
export class Table {
  constructor(name) {
    this.name = name;
  }

  async run(mode, act) {
    const transaction = (await openDatabase()).transaction(this.name, mode), request = act(transaction.objectStore(this.name));
    return new Promise((resolve, reject) => {
      // Not the request alone: a full disk fails when the transaction ends.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error || request.error);
    });
  }

  find(id) {
    return this.run("readonly", (store) => store.get(id));
  }

  all() {
    return this.run("readonly", (store) => store.getAll());
  }

  put(record) {
    return this.run("readwrite", (store) => store.put(record));
  }

  remove(id) {
    return this.run("readwrite", (store) => store.delete(id));
  }
}
