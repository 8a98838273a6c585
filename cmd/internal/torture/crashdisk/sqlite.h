// What SQLite and a file system of its own say to each other. Written from
// SQLite's documentation (sqlite.org/c3ref/vfs.html, io_methods.html), which
// fixes the order of these fields for ever: new ones are only added at the end.
// The driver compiles SQLite into the program and brings no header for others.
#ifndef CRASHDISK_SQLITE_H
#define CRASHDISK_SQLITE_H

typedef long long int sqlite3_int64;
typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_vfs sqlite3_vfs;
typedef struct sqlite3_io_methods sqlite3_io_methods;
typedef void (*sqlite3_syscall_ptr)(void);

struct sqlite3_file {
	const sqlite3_io_methods *pMethods;
};

struct sqlite3_io_methods {
	int iVersion;
	int (*xClose)(sqlite3_file *);
	int (*xRead)(sqlite3_file *, void *, int n, sqlite3_int64 at);
	int (*xWrite)(sqlite3_file *, const void *, int n, sqlite3_int64 at);
	int (*xTruncate)(sqlite3_file *, sqlite3_int64 size);
	int (*xSync)(sqlite3_file *, int flags);
	int (*xFileSize)(sqlite3_file *, sqlite3_int64 *size);
	int (*xLock)(sqlite3_file *, int);
	int (*xUnlock)(sqlite3_file *, int);
	int (*xCheckReservedLock)(sqlite3_file *, int *);
	int (*xFileControl)(sqlite3_file *, int op, void *);
	int (*xSectorSize)(sqlite3_file *);
	int (*xDeviceCharacteristics)(sqlite3_file *);
	// from version 2 on
	int (*xShmMap)(sqlite3_file *, int page, int size, int extend, void volatile **);
	int (*xShmLock)(sqlite3_file *, int offset, int n, int flags);
	void (*xShmBarrier)(sqlite3_file *);
	int (*xShmUnmap)(sqlite3_file *, int deleteFlag);
};

struct sqlite3_vfs {
	int iVersion;
	int szOsFile;
	int mxPathname;
	sqlite3_vfs *pNext;
	const char *zName;
	void *pAppData;
	int (*xOpen)(sqlite3_vfs *, const char *name, sqlite3_file *, int flags, int *out);
	int (*xDelete)(sqlite3_vfs *, const char *name, int syncDir);
	int (*xAccess)(sqlite3_vfs *, const char *name, int flags, int *out);
	int (*xFullPathname)(sqlite3_vfs *, const char *name, int n, char *out);
	void *(*xDlOpen)(sqlite3_vfs *, const char *);
	void (*xDlError)(sqlite3_vfs *, int n, char *);
	void (*(*xDlSym)(sqlite3_vfs *, void *, const char *))(void);
	void (*xDlClose)(sqlite3_vfs *, void *);
	int (*xRandomness)(sqlite3_vfs *, int n, char *);
	int (*xSleep)(sqlite3_vfs *, int microseconds);
	int (*xCurrentTime)(sqlite3_vfs *, double *);
	int (*xGetLastError)(sqlite3_vfs *, int, char *);
	// from version 2 on
	int (*xCurrentTimeInt64)(sqlite3_vfs *, sqlite3_int64 *);
};

// Weak: this package imports no database. If the program has none, they are 0.
__attribute__((weak)) extern sqlite3_vfs *sqlite3_vfs_find(const char *);
__attribute__((weak)) extern int sqlite3_vfs_register(sqlite3_vfs *, int makeDefault);

// Result codes (sqlite.org/rescode.html).
enum {
	SQLITE_OK = 0,
	SQLITE_IOERR = 10,
	SQLITE_FULL = 13,
	SQLITE_CANTOPEN = 14,
	SQLITE_IOERR_READ = SQLITE_IOERR | 1 << 8,
	SQLITE_IOERR_WRITE = SQLITE_IOERR | 3 << 8,
	SQLITE_IOERR_FSYNC = SQLITE_IOERR | 4 << 8,
	SQLITE_IOERR_TRUNCATE = SQLITE_IOERR | 6 << 8,
	SQLITE_IOERR_FSTAT = SQLITE_IOERR | 7 << 8,
	SQLITE_IOERR_DELETE = SQLITE_IOERR | 10 << 8,
	SQLITE_IOERR_SHMMAP = SQLITE_IOERR | 21 << 8,
};

// Flags of xOpen: a journal, a super-journal or a log (sqlite.org/c3ref/c_open_autoproxy.html).
enum {
	SQLITE_OPEN_CREATE = 0x4,
	SQLITE_OPEN_JOURNALS = 0x800 | 0x4000 | 0x80000,
};

#endif
