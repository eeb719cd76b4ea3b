//! Consumers of a topic.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{CommitMode, Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
};

use super::PATIENCE;
use crate::{Error, Member, Place, Reader, Received, error::Cause};

/// Reads what its consumer is given.
pub(super) struct Tail {
    location: String,
    topic: String,
    consumer: Arc<StreamConsumer>,
}

impl Tail {
    pub fn new(location: &str, topic: &str, consumer: StreamConsumer) -> Self {
        Self { location: location.to_owned(), topic: topic.to_owned(), consumer: Arc::new(consumer) }
    }

    fn fault(&self, action: &'static str, source: Cause) -> Error {
        Error::Operation { action, topic: self.topic.clone(), location: self.location.clone(), source }
    }
}

#[async_trait]
impl Reader for Tail {
    async fn receive(&mut self, most: usize) -> Result<Vec<Received>, Error> {
        let first = loop {
            match self.consumer.recv().await {
                Ok(message) => break received(&message),
                Err(error) if passes(&error) => tracing::debug!(%error, topic = self.topic, "the broker is away"),
                Err(error) => return Err(self.fault("read", error.into())),
            }
        };
        let mut found = vec![first];
        // Only what is there already: nothing that was taken is dropped with this call.
        while found.len() < most
            && let Some(Ok(message)) = self.consumer.recv().now_or_never()
        {
            found.push(received(&message));
        }
        Ok(found)
    }
}

/// Whether the client goes on by itself after this error.
fn passes(error: &KafkaError) -> bool {
    let KafkaError::MessageConsumption(code) = error else { return false };
    matches!(
        code,
        RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::NotLeaderForPartition
            | RDKafkaErrorCode::LeaderNotAvailable
            | RDKafkaErrorCode::CoordinatorNotAvailable
            | RDKafkaErrorCode::CoordinatorLoadInProgress
            | RDKafkaErrorCode::NotCoordinator
    )
}

fn received(message: &BorrowedMessage<'_>) -> Received {
    Received {
        place: Place { partition: message.partition() as u32, offset: message.offset() as u64 },
        key: message.key().map(|key| String::from_utf8_lossy(key).into_owned()).unwrap_or_default(),
        payload: message.payload().unwrap_or_default().to_vec(),
        time_ms: message.timestamp().to_millis().unwrap_or_default(),
    }
}

/// A member of a group.
pub(super) struct GroupMember(Tail);

impl GroupMember {
    pub fn new(tail: Tail) -> Self {
        Self(tail)
    }
}

#[async_trait]
impl Reader for GroupMember {
    async fn receive(&mut self, most: usize) -> Result<Vec<Received>, Error> {
        self.0.receive(most).await
    }
}

#[async_trait]
impl Member for GroupMember {
    async fn commit(&mut self, done: &[Place]) -> Result<(), Error> {
        let (consumer, topic, done) = (Arc::clone(&self.0.consumer), self.0.topic.clone(), done.to_vec());
        let commit = move || -> Result<(), Cause> {
            let own = consumer.assignment()?;
            let mut places = TopicPartitionList::new();
            for place in done.iter().filter(|place| own.find_partition(&topic, place.partition.cast_signed()).is_some())
            {
                places.add_partition_offset(
                    &topic,
                    place.partition.cast_signed(),
                    Offset::Offset(place.offset.cast_signed() + 1),
                )?;
            }
            if places.count() == 0 {
                return Ok(());
            }
            match consumer.commit(&places, CommitMode::Sync) {
                // Partitions have just gone to others: they get these messages again.
                Err(KafkaError::ConsumerCommit(
                    RDKafkaErrorCode::RebalanceInProgress
                    | RDKafkaErrorCode::IllegalGeneration
                    | RDKafkaErrorCode::UnknownMemberId,
                )) => Ok(()),
                result => Ok(result?),
            }
        };
        let committed = tokio::task::spawn_blocking(commit).await.unwrap_or_else(|error| Err(error.into()));
        committed.map_err(|cause| self.0.fault("commit to", cause))
    }

    async fn rewind(&mut self, to: Place) -> Result<(), Error> {
        let (consumer, topic) = (Arc::clone(&self.0.consumer), self.0.topic.clone());
        let seek = move || -> Result<(), Cause> {
            let partition = to.partition.cast_signed();
            if consumer.assignment()?.find_partition(&topic, partition).is_none() {
                return Ok(());
            }
            Ok(consumer.seek(&topic, partition, Offset::Offset(to.offset.cast_signed()), PATIENCE)?)
        };
        let sought = tokio::task::spawn_blocking(seek).await.unwrap_or_else(|error| Err(error.into()));
        sought.map_err(|cause| self.0.fault("go back in", cause))
    }
}
