//! Deliveries: kept once (D1, D2), read in order, settled, replayed, counted.

use castellan::store::{DeliveryCounts, DeliveryEnd, Receipt};

use super::{NOW, stores};

#[tokio::test]
async fn a_known_guid_is_nothing_more() {
    for (_database, store) in stores("a_known_guid_is_nothing_more").await {
        let first = store.keep_delivery("g1", "issues", b"one", NOW).await;
        let again = store.keep_delivery("g1", "issues", b"two", NOW).await;
        assert_eq!(first.unwrap(), Receipt::Kept);
        assert_eq!(again.unwrap(), Receipt::Known);
        let kept = store.next_delivery(NOW).await.unwrap().unwrap();
        assert_eq!(kept.body, b"one", "the first stays as it came");
        store
            .settle_delivery("g1", &DeliveryEnd::Read("x".to_owned()))
            .await
            .unwrap();
        store
            .keep_delivery("g1", "issues", b"one", NOW)
            .await
            .unwrap();
        assert!(store.next_delivery(NOW).await.unwrap().is_none());
        assert_eq!(store.count_deliveries().await.unwrap().stored, 1);
    }
}

#[tokio::test]
async fn d2_of_two_that_come_at_once_one_is_new() {
    for (_database, store) in stores("d2_of_two_that_come_at_once_one_is_new").await {
        let mut all = tokio::task::JoinSet::new();
        for guid in 0..10 {
            for _ in 0..4 {
                let store = store.clone();
                all.spawn(async move {
                    let guid = format!("g{guid}");
                    store
                        .keep_delivery(&guid, "push", b"{}", NOW)
                        .await
                        .unwrap()
                });
            }
        }
        let receipts = all.join_all().await;
        let kept = receipts.iter().filter(|one| **one == Receipt::Kept).count();
        assert_eq!((receipts.len(), kept), (40, 10));
        assert_eq!(store.count_deliveries().await.unwrap().unread, 10);
    }
}

#[tokio::test]
async fn a_body_comes_back_byte_for_byte() {
    for (_database, store) in stores("a_body_comes_back_byte_for_byte").await {
        let body: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
        store.keep_delivery("g", "push", &body, NOW).await.unwrap();
        let kept = store.next_delivery(NOW).await.unwrap().unwrap();
        assert_eq!((kept.body, kept.received_at), (body, NOW));
    }
}

#[tokio::test]
async fn the_oldest_that_is_due_is_read_first() {
    for (_database, store) in stores("the_oldest_that_is_due_is_read_first").await {
        for (guid, at) in [("b", 2), ("a", 1), ("c", 3)] {
            let at = NOW.plus_s(at);
            store.keep_delivery(guid, "push", b"{}", at).await.unwrap();
        }
        let next = async |at| {
            let next = store.next_delivery(at).await.unwrap();
            next.map(|delivery| (delivery.guid, delivery.tries))
        };
        assert_eq!(next(NOW).await, Some(("a".to_owned(), 0)));
        let later = DeliveryEnd::Later(NOW.plus_s(60), "trouble".to_owned());
        store.settle_delivery("a", &later).await.unwrap();
        assert_eq!(next(NOW).await, Some(("b".to_owned(), 0)));
        assert_eq!(next(NOW.plus_s(60)).await, Some(("a".to_owned(), 1)));
    }
}

#[tokio::test]
async fn each_end_is_counted_and_what_is_parked_can_be_replayed() {
    for (_database, store) in stores("each_end_is_counted").await {
        let why = || "why".to_owned();
        for (guid, end) in [
            ("read", Some(DeliveryEnd::Read(why()))),
            ("ignored", Some(DeliveryEnd::Ignored(why()))),
            ("unparsed", Some(DeliveryEnd::Unparsed(why()))),
            ("parked", Some(DeliveryEnd::Parked(why()))),
            ("parked2", Some(DeliveryEnd::Parked(why()))),
            ("unread", None),
        ] {
            store.keep_delivery(guid, "push", b"{}", NOW).await.unwrap();
            if let Some(end) = end {
                store.settle_delivery(guid, &end).await.unwrap();
            }
        }
        let counted = store.count_deliveries().await.unwrap();
        let expected = DeliveryCounts {
            stored: 6,
            unread: 1,
            parked: 2,
            unparsed: 1,
        };
        assert_eq!(counted, expected);
        assert_eq!(store.replay_deliveries(Some("parked")).await.unwrap(), 1);
        assert_eq!(store.replay_deliveries(Some("read")).await.unwrap(), 0);
        assert_eq!(store.replay_deliveries(None).await.unwrap(), 2);
        let counted = store.count_deliveries().await.unwrap();
        assert_eq!(
            (counted.unread, counted.parked, counted.unparsed),
            (4, 0, 0)
        );
    }
}
