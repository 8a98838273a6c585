#include "disk.h"
#include "sqlite.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DISKS 64
#define NAMES 64

// A watched folder.
struct disk {
	char *folder; // with a slash at its end; 0: the place is free
	size_t length;
	struct op *ops;
	long long n, room;
	char *names[NAMES];
	int nnames;
	long long tries, failed; // operations that could have failed, and did
	int fault;
	long long at, times; // fails from this try on, so many times
	pthread_mutex_t lock; // guards all but folder
};

static struct disk disks[DISKS];
static pthread_mutex_t disks_lock = PTHREAD_MUTEX_INITIALIZER; // guards the folders
static sqlite3_vfs *under; // SQLite's own
static sqlite3_vfs shim;

// An open file: ours in front, SQLite's own behind it.
struct file {
	sqlite3_file base;
	struct disk *disk; // 0: not watched
	int name;
	int sync_dir; // the next sync syncs the folder too, as SQLite's own does for a journal or log
	sqlite3_file *real;
};

static struct disk *disk_of(const char *path) {
	struct disk *found = 0;
	if (path == 0) return 0;
	pthread_mutex_lock(&disks_lock);
	for (int i = 0; i < DISKS; i++)
		if (disks[i].folder && strncmp(path, disks[i].folder, disks[i].length) == 0) found = &disks[i];
	pthread_mutex_unlock(&disks_lock);
	return found;
}

static int name_of(struct disk *d, const char *path) {
	const char *name = path + d->length;
	int i;
	pthread_mutex_lock(&d->lock);
	for (i = 0; i < d->nnames && strcmp(d->names[i], name) != 0; i++) {}
	if (i == d->nnames) {
		if (i == NAMES) abort(); // a test with so many files needs a larger table
		d->names[d->nnames++] = strdup(name);
	}
	pthread_mutex_unlock(&d->lock);
	return i;
}

static void note(struct disk *d, int kind, int file, long long at, const void *data, int n, int dir) {
	struct op o = {kind, file, at, n, dir, 0};
	if (d == 0) return;
	if (n > 0) {
		o.data = malloc(n);
		if (o.data == 0) abort();
		memcpy(o.data, data, n);
	}
	pthread_mutex_lock(&d->lock);
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 1024;
		d->ops = realloc(d->ops, d->room * sizeof o);
		if (d->ops == 0) abort();
	}
	d->ops[d->n++] = o;
	pthread_mutex_unlock(&d->lock);
}

// What can meet an operation: a full disk can still be read, and only a write
// can be short.
enum { READS = 1 << FAULT_IO, GROWS = READS | 1 << FAULT_FULL, WRITES = GROWS | 1 << FAULT_SHORT };

// due counts a try and says what kind of fault meets it, errno being as it
// would be.
static int due(struct disk *d, int possible) {
	int kind = FAULT_NONE;
	if (d == 0) return kind;
	pthread_mutex_lock(&d->lock);
	d->tries++;
	if (possible & ~1 & 1 << d->fault && d->tries >= d->at && d->times != 0) {
		kind = d->fault;
		d->failed++;
		d->times--;
		errno = kind == FAULT_FULL ? ENOSPC : EIO; // SQLite's own file system tells it from here
	}
	pthread_mutex_unlock(&d->lock);
	return kind;
}

// Methods of an open file.

#define F(f) ((struct file *)(f))
#define REAL(f) (F(f)->real)

static int f_close(sqlite3_file *f) { return REAL(f)->pMethods->xClose(REAL(f)); }

static int f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
	if (due(F(f)->disk, READS)) return SQLITE_IOERR_READ;
	return REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}

static int f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
	int fault = due(F(f)->disk, WRITES), rc;
	if (fault == FAULT_IO) return SQLITE_IOERR_WRITE;
	if (fault == FAULT_FULL) return SQLITE_FULL;
	if (fault == FAULT_SHORT) n /= 2;
	rc = n > 0 ? REAL(f)->pMethods->xWrite(REAL(f), from, n, at) : SQLITE_OK;
	if (rc == SQLITE_OK && n > 0) note(F(f)->disk, OP_WRITE, F(f)->name, at, from, n, 0);
	if (fault == FAULT_SHORT) return SQLITE_IOERR_WRITE;
	return rc;
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size) {
	int rc;
	if (due(F(f)->disk, READS)) return SQLITE_IOERR_TRUNCATE;
	rc = REAL(f)->pMethods->xTruncate(REAL(f), size);
	if (rc == SQLITE_OK) note(F(f)->disk, OP_TRUNCATE, F(f)->name, size, 0, 0, 0);
	return rc;
}

static int f_sync(sqlite3_file *f, int flags) {
	int rc;
	if (due(F(f)->disk, GROWS)) {
		note(F(f)->disk, OP_SYNC_FAILED, F(f)->name, 0, 0, 0, 0);
		return SQLITE_IOERR_FSYNC;
	}
	rc = REAL(f)->pMethods->xSync(REAL(f), flags);
	if (rc != SQLITE_OK) return rc;
	note(F(f)->disk, OP_SYNC, F(f)->name, 0, 0, 0, F(f)->sync_dir);
	F(f)->sync_dir = 0;
	return rc;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size) {
	if (due(F(f)->disk, READS)) return SQLITE_IOERR_FSTAT;
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **to) {
	if (due(F(f)->disk, extend ? GROWS : READS)) return SQLITE_IOERR_SHMMAP;
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, to);
}

static int f_lock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xLock(REAL(f), l); }
static int f_unlock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xUnlock(REAL(f), l); }
static int f_reserved(sqlite3_file *f, int *out) { return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out); }
static int f_control(sqlite3_file *f, int op, void *arg) { return REAL(f)->pMethods->xFileControl(REAL(f), op, arg); }
static int f_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int f_device(sqlite3_file *f) { return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f)); }
static int f_shm_lock(sqlite3_file *f, int o, int n, int flags) { return REAL(f)->pMethods->xShmLock(REAL(f), o, n, flags); }
static void f_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static int f_shm_unmap(sqlite3_file *f, int del) { return REAL(f)->pMethods->xShmUnmap(REAL(f), del); }

// Version 2: without xFetch, so that nothing is written through mapped memory.
static const sqlite3_io_methods methods = {
	2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock, f_unlock, f_reserved, f_control, f_sector,
	f_device, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap,
};

// Methods of the file system.

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
	struct file *ours = F(f);
	struct stat was;
	int rc, fresh;
	memset(ours, 0, sizeof *ours);
	ours->disk = disk_of(name);
	ours->real = (sqlite3_file *)(ours + 1);
	if (due(ours->disk, READS)) return SQLITE_CANTOPEN;
	fresh = ours->disk && stat(name, &was) != 0;
	rc = under->xOpen(under, name, ours->real, flags, out);
	if (ours->real->pMethods == 0) return rc;
	ours->base.pMethods = &methods;
	if (ours->disk) {
		ours->name = name_of(ours->disk, name);
		ours->sync_dir = (flags & SQLITE_OPEN_CREATE) && (flags & SQLITE_OPEN_JOURNALS);
		if (fresh && rc == SQLITE_OK) note(ours->disk, OP_CREATE, ours->name, 0, 0, 0, 0);
	}
	return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_dir) {
	struct disk *d = disk_of(name);
	int rc;
	if (due(d, READS)) return SQLITE_IOERR_DELETE;
	rc = under->xDelete(under, name, sync_dir);
	if (rc == SQLITE_OK && d) note(d, OP_DELETE, name_of(d, name), 0, 0, 0, sync_dir != 0);
	return rc;
}

static int v_access(sqlite3_vfs *v, const char *n, int flags, int *out) { return under->xAccess(under, n, flags, out); }
static int v_full(sqlite3_vfs *v, const char *n, int size, char *out) { return under->xFullPathname(under, n, size, out); }
static void *v_dlopen(sqlite3_vfs *v, const char *n) { return under->xDlOpen(under, n); }
static void v_dlerror(sqlite3_vfs *v, int n, char *to) { under->xDlError(under, n, to); }
static void (*v_dlsym(sqlite3_vfs *v, void *lib, const char *n))(void) { return under->xDlSym(under, lib, n); }
static void v_dlclose(sqlite3_vfs *v, void *lib) { under->xDlClose(under, lib); }
static int v_random(sqlite3_vfs *v, int n, char *to) { return under->xRandomness(under, n, to); }
static int v_sleep(sqlite3_vfs *v, int us) { return under->xSleep(under, us); }
static int v_time(sqlite3_vfs *v, double *t) { return under->xCurrentTime(under, t); }
static int v_last(sqlite3_vfs *v, int n, char *to) { return under->xGetLastError(under, n, to); }
static int v_time64(sqlite3_vfs *v, sqlite3_int64 *t) { return under->xCurrentTimeInt64(under, t); }

int disk_install(void) {
	if (sqlite3_vfs_find == 0 || sqlite3_vfs_register == 0) return 1;
	under = sqlite3_vfs_find(0);
	if (under == 0 || under->iVersion < 2) return 1;
	for (int i = 0; i < DISKS; i++) pthread_mutex_init(&disks[i].lock, 0);
	shim = (sqlite3_vfs){2, sizeof(struct file) + under->szOsFile, under->mxPathname, 0, "crashdisk", 0,
		v_open, v_delete, v_access, v_full, v_dlopen, v_dlerror, v_dlsym, v_dlclose,
		v_random, v_sleep, v_time, v_last, v_time64};
	return sqlite3_vfs_register(&shim, 1);
}

// What Go calls.

int disk_watch(const char *folder) {
	int i;
	pthread_mutex_lock(&disks_lock);
	for (i = 0; i < DISKS && disks[i].folder; i++) {}
	if (i < DISKS) {
		disks[i].length = strlen(folder);
		disks[i].folder = strdup(folder);
	}
	pthread_mutex_unlock(&disks_lock);
	return i < DISKS ? i : -1;
}

// disk_forget frees a place. No file of the folder may be open any more.
void disk_forget(int i) {
	struct disk *d = &disks[i];
	pthread_mutex_lock(&disks_lock);
	for (long long k = 0; k < d->n; k++) free(d->ops[k].data);
	for (int k = 0; k < d->nnames; k++) free(d->names[k]);
	free(d->ops);
	free(d->folder);
	d->folder = 0, d->ops = 0;
	d->n = d->room = d->tries = d->failed = d->at = d->times = 0;
	d->nnames = d->fault = 0;
	pthread_mutex_unlock(&disks_lock);
}

long long disk_ops(int i) { return disks[i].n; }
long long disk_tries(int i) { return disks[i].tries; }
long long disk_failed(int i) { return disks[i].failed; }
struct op disk_op(int i, long long k) { return disks[i].ops[k]; }
const char *disk_name(int i, int file) { return disks[i].names[file]; }
int disk_names(int i) { return disks[i].nnames; }

void disk_fail(int i, int kind, long long at, long long times) {
	struct disk *d = &disks[i];
	pthread_mutex_lock(&d->lock);
	d->fault = kind, d->at = at, d->times = times;
	pthread_mutex_unlock(&d->lock);
}
