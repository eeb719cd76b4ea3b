//! The bus on Apache Kafka, through librdkafka.
//!
//! Sending waits for all replicas in sync and is idempotent; keys go to the partitions that Kafka's Java
//! clients choose, so that any other producer keeps the order too. Offsets are committed by hand alone.

mod consuming;

use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
    producer::{FutureProducer, FutureRecord, Producer},
};

use self::consuming::{GroupMember, Tail};
use crate::{Bus, Error, Member, Message, Options, Place, Reader, Start, Topic, bus::MOST_BYTES, error::Cause};

/// How long a broker may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a broker may take to show that it is there.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);
/// A topic that every cluster has: asking for one costs less than asking for all.
const GROUPS: &str = "__consumer_offsets";
/// How long a full queue of the producer is waited for before it is tried again.
const FULL: Duration = Duration::from_millis(1);
/// What to look at when no broker answers.
const ADVICE: &str = "look whether a broker runs there and what security it wants";

/// Brokers.
pub(crate) struct Kafka {
    location: String,
    config: ClientConfig,
    producer: FutureProducer,
}

impl Kafka {
    /// Connects to the brokers of the URL `url`.
    pub(crate) async fn open(url: &str, brokers: &str, options: &Options) -> Result<Self, Error> {
        let location = url.to_owned();
        if brokers.is_empty() || brokers.contains(['/', '?', '@', ' ']) {
            let problem = "expected HOST:PORT of one or more brokers, settings apart".to_owned();
            return Err(Error::Url { url: location, problem });
        }
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("client.id", "recommender");
        for (name, value) in options {
            config.set(name, value);
        }
        let producer: Result<FutureProducer, KafkaError> = producer_config(&config).create();
        let unreachable = |source: Cause| Error::Unreachable { location: location.clone(), advice: ADVICE, source };
        let producer = producer.map_err(|error| unreachable(error.into()))?;
        let kafka = Self { location: location.clone(), config, producer };
        kafka.metadata(None).await.map_err(unreachable)?;
        Ok(kafka)
    }

    /// Runs a question that waits for a broker, apart from the threads of the server.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, Cause> {
        let config = self.config.clone();
        let ask = move || -> Result<T, Cause> { Ok(question(&config.create()?)?) };
        tokio::task::spawn_blocking(ask).await?
    }

    async fn metadata(&self, topic: Option<&str>) -> Result<Metadata, Cause> {
        let topic = topic.map(str::to_owned);
        self.ask(move |consumer| consumer.fetch_metadata(topic.as_deref(), PATIENCE)).await
    }

    /// Number of partitions of a topic.
    async fn partitions(&self, action: &'static str, topic: &str) -> Result<i32, Error> {
        let metadata = self.metadata(Some(topic)).await.map_err(|cause| self.fault(action, topic, cause))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        match found.map_or(0, |found| found.partitions().len()) {
            0 => Err(Error::NoTopic { action, topic: topic.to_owned(), location: self.location.clone() }),
            count => Ok((count as u32).cast_signed()),
        }
    }

    fn fault(&self, action: &'static str, topic: &str, source: Cause) -> Error {
        Error::Operation { action, topic: topic.to_owned(), location: self.location.clone(), source }
    }

    fn consumer_config(&self, group: &str) -> ClientConfig {
        let mut config = self.config.clone();
        config
            .set("group.id", group)
            // The shortest that brokers allow by default: others take over from a dead member after it.
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1500")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("fetch.error.backoff.ms", "100")
            .set("topic.metadata.refresh.interval.ms", "30000");
        config
    }

    async fn send_one(&self, topic: &str, message: &Message) -> Result<Place, KafkaError> {
        let mut record = FutureRecord::to(topic).key(&message.key).payload(&message.payload);
        let sent = loop {
            match self.producer.send_result(record) {
                Ok(sent) => break sent,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    tokio::time::sleep(FULL).await;
                    record = back;
                }
                Err((error, _)) => return Err(error),
            }
        };
        let delivery = sent.await.map_err(|_| KafkaError::Canceled)?.map_err(|(error, _)| error)?;
        Ok(Place { partition: delivery.partition as u32, offset: delivery.offset as u64 })
    }
}

fn producer_config(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    for (name, value) in [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("partitioner", "murmur2_random"),
        // What waits while others are on their way goes together; nothing waits for company.
        ("linger.ms", "0"),
        ("compression.type", "lz4"),
        ("message.timeout.ms", "10000"),
    ] {
        config.set(name, value);
    }
    config
}

#[async_trait]
impl Bus for Kafka {
    fn location(&self) -> &str {
        &self.location
    }

    async fn ping(&self) -> Result<(), Error> {
        let producer = self.producer.clone();
        let ask = move || producer.client().fetch_metadata(Some(GROUPS), SHORT_PATIENCE).map(drop);
        let answer = tokio::task::spawn_blocking(ask).await.map_err(Cause::from);
        let unreachable = |source| Error::Unreachable { location: self.location.clone(), advice: ADVICE, source };
        answer.and_then(|answer| answer.map_err(Cause::from)).map_err(unreachable)
    }

    async fn identity(&self) -> Result<String, Error> {
        let unknown = || KafkaError::Global(RDKafkaErrorCode::OperationTimedOut);
        let question = move |consumer: &BaseConsumer| consumer.client().fetch_cluster_id(PATIENCE).ok_or_else(unknown);
        let unreachable = |source| Error::Unreachable { location: self.location.clone(), advice: ADVICE, source };
        self.ask(question).await.map_err(unreachable)
    }

    async fn ensure(&self, topic: &Topic) -> Result<(), Error> {
        let fault = |cause: Cause| self.fault("make", &topic.name, cause);
        let admin: Result<AdminClient<DefaultClientContext>, KafkaError> = self.config.create();
        let admin = admin.map_err(|error| fault(error.into()))?;
        let retention = topic.retention.as_millis().to_string();
        let replication = TopicReplication::Fixed(i32::from(topic.replication));
        let wanted =
            NewTopic::new(&topic.name, topic.partitions.cast_signed(), replication).set("retention.ms", &retention);
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        let made = admin.create_topics([&wanted], &options).await.map_err(|error| fault(error.into()))?;
        match made.into_iter().next() {
            None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(fault(KafkaError::AdminOp(code).into())),
        }
    }

    async fn send(&self, topic: &str, messages: Vec<Message>) -> Result<Vec<Place>, Error> {
        if let Some(found) = messages.iter().map(|message| message.payload.len()).find(|bytes| *bytes > MOST_BYTES) {
            return Err(Error::TooLong { topic: topic.to_owned(), most: MOST_BYTES, found });
        }
        let sent = try_join_all(messages.iter().map(|message| self.send_one(topic, message))).await;
        sent.map_err(|error| match error {
            KafkaError::MessageProduction(
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic,
            ) => Error::NoTopic { action: "send to", topic: topic.to_owned(), location: self.location.clone() },
            error => self.fault("send to", topic, error.into()),
        })
    }

    async fn join(&self, topic: &str, group: &str, name: Option<&str>) -> Result<Box<dyn Member>, Error> {
        self.partitions("join", topic).await?;
        let mut config = self.consumer_config(group);
        if let Some(name) = name {
            config.set("group.instance.id", name);
        }
        let subscribed = |consumer: StreamConsumer| consumer.subscribe(&[topic]).map(|()| consumer);
        let consumer = config.create().and_then(subscribed);
        let consumer = consumer.map_err(|error| self.fault("join", topic, error.into()))?;
        Ok(Box::new(GroupMember::new(Tail::new(&self.location, topic, consumer))))
    }

    async fn follow(&self, topic: &str, start: Start) -> Result<Box<dyn Reader>, Error> {
        let offsets = match start {
            Start::Oldest => vec![Offset::Beginning; self.partitions("follow", topic).await? as usize],
            Start::Now => self.ends(topic).await?.into_iter().map(|end| Offset::Offset(end.cast_signed())).collect(),
        };
        let assigned = || {
            let mut places = TopicPartitionList::new();
            for (partition, offset) in (0..).zip(offsets) {
                places.add_partition_offset(topic, partition, offset)?;
            }
            let consumer: StreamConsumer = self.consumer_config("follower").create()?;
            consumer.assign(&places)?;
            Ok(consumer)
        };
        let consumer = assigned().map_err(|error: KafkaError| self.fault("follow", topic, error.into()))?;
        Ok(Box::new(Tail::new(&self.location, topic, consumer)))
    }

    async fn ends(&self, topic: &str) -> Result<Vec<u64>, Error> {
        let action = "read the ends of";
        let partitions = self.partitions(action, topic).await?;
        let name = topic.to_owned();
        let question = move |consumer: &BaseConsumer| {
            let end = |partition| Ok(consumer.fetch_watermarks(&name, partition, PATIENCE)?.1.max(0) as u64);
            (0..partitions).map(end).collect()
        };
        self.ask(question).await.map_err(|cause| self.fault(action, topic, cause))
    }
}
