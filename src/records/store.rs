//! The database: SQLite in a file, written ahead (WAL), so that what was committed outlives the program whatever becomes of it, and
//! readers and the writer do not wait for each other.

use super::{
    archive::{Page, Wanted},
    ledger::Entry,
    record::Story,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ToSql, params};
use serde_json::Value;
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// Something is wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What SQLite says.
    #[error("call records: {0}")]
    Database(#[from] rusqlite::Error),
    /// A record that is none.
    #[error("call records: {0}")]
    Json(#[from] serde_json::Error),
    /// The directory or the thread.
    #[error("call records: {0}")]
    System(#[from] std::io::Error),
    /// A later version of the program wrote it.
    #[error("call records: the file is of a later version ({0}) than this program knows ({VERSION})")]
    Newer(i64),
    /// A time of the query.
    #[error("{0:?} is no time such as 2026-11-21T13:00:00Z")]
    Time(String),
    /// A cursor that we did not give out.
    #[error("the cursor is none of ours")]
    Cursor,
}

/// The writing side. There is one.
pub(super) struct Store(Connection);

/// How long one of the two waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);
/// Raised when the tables change.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS leg (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    chain TEXT NOT NULL,
    call TEXT NOT NULL,
    leg TEXT NOT NULL,
    place TEXT NOT NULL,
    party TEXT,
    dialled TEXT,
    started INTEGER NOT NULL,
    ended INTEGER,
    status INTEGER,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS leg_chain ON leg (chain);
CREATE INDEX IF NOT EXISTS leg_started ON leg (started);
CREATE INDEX IF NOT EXISTS leg_call ON leg (call);
CREATE INDEX IF NOT EXISTS leg_place ON leg (place);
CREATE INDEX IF NOT EXISTS leg_party ON leg (party);
CREATE INDEX IF NOT EXISTS leg_dialled ON leg (dialled);
CREATE TABLE IF NOT EXISTS handover (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    chain TEXT NOT NULL,
    ended INTEGER NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS handover_chain ON handover (chain);
CREATE INDEX IF NOT EXISTS handover_ended ON handover (ended);
";

impl Store {
    /// Makes the file if need be. Legs that were alive when the program last ended are over: they are marked.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        // Who talked to whom is nobody else's business; what SQLite puts beside the file is as the file is.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > VERSION {
            return Err(StoreError::Newer(version));
        }
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // Committed is safe from the end of the program; a machine that loses power may lose the last moment.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.execute(
            "UPDATE leg SET ended = (SELECT MAX(MAX(started), MAX(IFNULL(ended, 0))) FROM leg),
             body = json_set(body, '$.interrupted', json('true')) WHERE ended IS NULL",
            [],
        )?;
        Ok(Self(connection))
    }

    /// Writes all of them, or none.
    pub(super) fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let transaction = self.0.transaction()?;
        for entry in entries {
            match entry {
                Entry::Leg(record) => {
                    let leg = &record.leg;
                    transaction
                        .prepare_cached(
                            "INSERT INTO leg (id, chain, call, leg, place, party, dialled, started, ended, status, body)
                             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                             ON CONFLICT (id) DO UPDATE SET call = excluded.call, chain = excluded.chain,
                             ended = excluded.ended, status = excluded.status, body = excluded.body",
                        )?
                        .execute(params![
                            record.id,
                            record.chain,
                            leg.call.to_string(),
                            leg.id.to_string(),
                            leg.party.place,
                            leg.party.number,
                            leg.dialled,
                            ms(leg.started_at.0),
                            leg.ended_at.map(|at| ms(at.0)),
                            record.status,
                            serde_json::to_string(record)?,
                        ])?;
                }
                Entry::Quality { id, quality } => {
                    transaction
                        .prepare_cached(
                            "UPDATE leg SET body = json_set(body, '$.leg.quality', json(?2)) WHERE id = ?1",
                        )?
                        .execute(params![id, serde_json::to_string(quality)?])?;
                }
                Entry::Handover(handover) => {
                    transaction
                        .prepare_cached(
                            "INSERT INTO handover (chain, ended, sender, receiver, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                        )?
                        .execute(params![
                            handover.chain,
                            ms(handover.at.0),
                            handover.from,
                            handover.to,
                            serde_json::to_string(handover)?,
                        ])?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Forgets what ended before `ms` (since 1970). How many legs that were.
    pub(super) fn forget(&mut self, before: u64) -> Result<usize, StoreError> {
        let gone = self.0.execute("DELETE FROM leg WHERE ended < ?1", [ms(before)])?;
        self.0.execute("DELETE FROM handover WHERE ended < ?1", [ms(before)])?;
        if gone > 0 {
            self.0.execute_batch("PRAGMA incremental_vacuum")?;
        }
        Ok(gone)
    }
}

#[cfg(test)]
impl Store {
    /// A statement with two values.
    pub(super) fn raw(&self, statement: &str, text: &str, number: u64) {
        self.0.execute(statement, params![text, ms(number)]).unwrap();
    }
}

/// The reading side.
pub(super) struct Shelf(Connection);

impl Shelf {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Self(connection))
    }

    /// Records of legs that have ended, the newest first.
    pub(super) fn list(&self, wanted: &Wanted) -> Result<Page, StoreError> {
        let mut conditions = vec!["ended IS NOT NULL".to_owned()];
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        let mut add = |condition: &str, value: Box<dyn ToSql>| {
            values.push(value);
            conditions.push(condition.replace('?', &format!("?{}", values.len())));
        };
        if let Some(since) = &wanted.since {
            add("started >= ?", Box::new(self.time(since)?));
        }
        if let Some(until) = &wanted.until {
            add("started < ?", Box::new(self.time(until)?));
        }
        for (column, value) in
            [("place", &wanted.place), ("call", &wanted.call), ("leg", &wanted.leg), ("chain", &wanted.chain)]
        {
            if let Some(value) = value {
                add(&format!("{column} = ?"), Box::new(value.clone()));
            }
        }
        if let Some(number) = &wanted.number {
            add("(party = ? OR dialled = ?)", Box::new(number.clone()));
        }
        if let Some(cursor) = &wanted.cursor {
            add("number < ?", Box::new(cursor.parse::<i64>().map_err(|_| StoreError::Cursor)?));
        }
        let query = format!(
            "SELECT number, body FROM leg WHERE {} ORDER BY number DESC LIMIT {}",
            conditions.join(" AND "),
            wanted.limit + 1
        );
        let mut statement = self.0.prepare(&query)?;
        let values: Vec<&dyn ToSql> = values.iter().map(|value| &**value).collect();
        let rows = statement.query_map(&values[..], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        let more = rows.len() > wanted.limit;
        rows.truncate(wanted.limit);
        let next = rows.last().filter(|_| more).map(|(number, _)| number.to_string());
        let records = rows.iter().map(|(_, body)| serde_json::from_str(body)).collect::<Result<_, _>>()?;
        Ok(Page { records, next })
    }

    /// A record with its chain.
    pub(super) fn story(&self, id: &str) -> Result<Option<Story>, StoreError> {
        let found: Option<(String, String)> = self
            .0
            .query_row("SELECT chain, body FROM leg WHERE id = ?1", [id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((chain, body)) = found else { return Ok(None) };
        let legs = self.bodies(
            "SELECT body FROM leg WHERE chain = ?1 OR id IN (SELECT sender FROM handover WHERE chain = ?1)
             OR id IN (SELECT receiver FROM handover WHERE chain = ?1) ORDER BY started, number",
            &chain,
        )?;
        let handovers = self.bodies("SELECT body FROM handover WHERE chain = ?1 ORDER BY number", &chain)?;
        Ok(Some(Story { record: serde_json::from_str(&body)?, legs, handovers }))
    }

    fn bodies(&self, query: &str, value: &str) -> Result<Vec<Value>, StoreError> {
        let mut statement = self.0.prepare_cached(query)?;
        let rows = statement.query_map([value], |row: &Row<'_>| row.get::<_, String>(0))?;
        rows.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
    }

    /// ms since 1970 of a time in RFC 3339.
    fn time(&self, text: &str) -> Result<i64, StoreError> {
        let query = "SELECT CAST(ROUND(unixepoch(?1, 'subsec') * 1000) AS INTEGER)";
        let found: Option<i64> = self.0.query_row(query, [text], |row| row.get(0))?;
        found.filter(|_| text.contains(['T', 't', ' '])).ok_or_else(|| StoreError::Time(text.to_owned()))
    }
}

fn ms(stamp: u64) -> i64 {
    i64::try_from(stamp).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_ours_alone_and_one_of_a_later_version_is_left_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("records.sqlite");
        let store = Store::open(&path).unwrap();
        for file in ["records.sqlite", "records.sqlite-wal"] {
            let mode = place.path().join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        store.0.pragma_update(None, "user_version", VERSION + 1).unwrap();
        drop(store);
        assert!(matches!(Store::open(&path), Err(StoreError::Newer(_))));
    }
}
