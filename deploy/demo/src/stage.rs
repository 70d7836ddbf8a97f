//! The running system of one demo: the province, the communes, and what is done with all of them at once.

use crate::{
    cast::Cast,
    commune::{Amounts, Commune},
    failure::Failure,
    folder::Folder,
    province::Province,
    simulation::Simulation,
    telling::Teller,
    timetable, waiting,
};
use chrono::{DateTime, NaiveDate, Utc};
use cluster::Cluster;
use futures::{StreamExt, TryStreamExt, stream};
use shared::period::Period;
use std::time::Duration;

/// Commands that run at once.
const AT_ONCE: usize = 4;
/// Longest until what was entered has reached the province.
const LONGEST_ARRIVAL: Duration = Duration::from_secs(180);
/// Longest until the server has noticed a decision of the province.
const LONGEST_NOTICE: Duration = Duration::from_secs(60);

/// The running system.
#[derive(Debug)]
pub struct Stage {
    /// Where everything lies.
    pub folder: Folder,
    /// The province.
    pub province: Province,
    /// The communes, in the order of the cast's members.
    pub communes: Vec<Commune>,
    /// Who plays what.
    pub cast: Cast,
    /// Where figures come from.
    pub simulation: Simulation,
    /// Speaks to the person who watches.
    pub teller: Teller,
    /// The database, where the store is not a file; ends with the stage.
    pub database: Option<Database>,
}

/// A database of this run alone.
#[derive(Debug)]
pub struct Database {
    /// The server that it is in.
    pub cluster: Cluster,
    /// Its address.
    pub url: String,
}

impl Stage {
    /// Moves the province's clock and waits until the server tells the new time; then every agent that is online takes it over,
    /// with all that the province decided.
    ///
    /// # Errors
    /// When a command fails, or the server does not follow.
    pub async fn morning_of(&self, day: NaiveDate) -> Result<(), Failure> {
        self.province.set_clock(day).await?;
        let wanted: DateTime<Utc> = timetable::morning(day).parse().map_err(|_| Failure::Unreadable("timetable"))?;
        let Some(witness) = self.communes.iter().find(|commune| commune.is_online()) else { return Ok(()) };
        waiting::until("exercise clock", LONGEST_NOTICE, async || {
            witness.sync().await?;
            let (_, _, told) = witness.place().await?;
            Ok((told >= wanted).then_some(()))
        })
        .await?;
        self.sync().await
    }

    /// A session of every agent that is online.
    ///
    /// # Errors
    /// When one fails.
    pub async fn sync(&self) -> Result<(), Failure> {
        let online = self.communes.iter().filter(|commune| commune.is_online());
        stream::iter(online.map(Commune::sync)).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Invites communes and lets them join. Their services are not started.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn join(&mut self) -> Result<(), Failure> {
        let province = &self.province;
        let servers = province.addresses();
        let join = async |commune: &mut Commune| {
            let invitation = province.invite(&commune.member.slug).await?;
            commune.join(&invitation, &servers).await
        };
        stream::iter(self.communes.iter_mut().map(join)).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Starts the service of a commune.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, place: usize) -> Result<(), Failure> {
        let commune = &mut self.communes[place];
        commune.start(self.folder.log(&commune.member.slug))
    }

    /// Lets some communes enter what is due at the end of a month.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn enter(&mut self, who: impl Fn(usize) -> bool, month: Period) -> Result<Amounts, Failure> {
        let (cast, simulation, folder) = (&self.cast, self.simulation, &self.folder);
        let chosen = self.communes.iter_mut().enumerate().filter(|(place, _)| who(*place));
        let entering = chosen.map(|(_, commune)| commune.enter(cast, simulation, month, folder));
        let amounts: Vec<Amounts> = stream::iter(entering).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(amounts.into_iter().sum())
    }

    /// Waits until the province holds everything that the communes online have entered.
    ///
    /// # Errors
    /// When it does not come, or a service has ended.
    pub async fn arrival(&mut self) -> Result<(), Failure> {
        let (province, communes) = (&mut self.province, &mut self.communes);
        waiting::until("commune-agent run", LONGEST_ARRIVAL, async || {
            province.check()?;
            communes.iter_mut().try_for_each(Commune::check)?;
            let held = province.changes().await?;
            let arrived =
                |commune: &Commune| held.get(&commune.member.slug).is_some_and(|held| *held >= commune.changes());
            Ok(communes.iter().filter(|commune| commune.is_online()).all(arrived).then_some(()))
        })
        .await
    }

    /// Waits until a commune has been told the place that the ranking shows.
    ///
    /// # Errors
    /// When it is not told.
    pub async fn told(&self, place: usize, period: Period) -> Result<(), Failure> {
        let commune = &self.communes[place];
        let (rank, score) = self.province.place_of(&commune.member.slug, period).await?;
        waiting::until("commune-agent standing", LONGEST_NOTICE, async || {
            let (told_rank, told_score, _) = commune.place().await?;
            if (told_rank, told_score) == (rank, score.clone()) {
                return Ok(Some(()));
            }
            commune.sync().await?;
            Ok(None)
        })
        .await
    }

    /// Makes sure that every service still runs.
    ///
    /// # Errors
    /// With the end of the log of one that does not.
    pub fn check(&mut self) -> Result<(), Failure> {
        self.province.check()?;
        self.communes.iter_mut().try_for_each(Commune::check)
    }

    /// Ends all services in good order, the agents first. True when all ended by themselves.
    pub async fn end(&mut self) -> bool {
        let agents: Vec<_> = self.communes.iter_mut().filter_map(Commune::take_service).collect();
        for agent in &agents {
            agent.ask_to_end();
        }
        let mut well = true;
        for agent in agents {
            well &= agent.ended().await;
        }
        let servers = self.province.take_services();
        for server in &servers {
            server.ask_to_end();
        }
        for server in servers {
            well &= server.ended().await;
        }
        well
    }
}
